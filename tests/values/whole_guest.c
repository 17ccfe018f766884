/* SPDX-License-Identifier: MIT */
/*
 * A guest in one file: page tables, a banner, tasks, a process with memory of its own, and variables
 * of every kind of type whose values are known because they are written here. Linked at
 * 0xffffffff81000000, it is in memory at 16 MiB. Its DWARF is the profile, its bytes are the RAM.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE 0xffffffff80000000u
#define TABLE(page) ((uintptr_t)(page) + (0x67u - BASE))
#define PAGE __attribute__((aligned(4096)))

struct list_head {
	struct list_head *next, *prev;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid, gid;
};

struct mm_struct {
	uint64_t *pgd;
	unsigned long total_vm;
};

struct signal_struct {
	struct list_head thread_head;
};

struct task_struct {
	unsigned int __state, flags;
	struct list_head tasks, thread_node;
	int pid, tgid, exit_state;
	struct task_struct *real_parent;
	const struct cred *real_cred;
	struct signal_struct *signal;
	struct mm_struct *mm;
	uint64_t start_boottime;
	char comm[16];
};

const char linux_banner[] = "Linux version 6.1.0-whole (semgap@test) #1 SMP\n";

/* ---- what a process sees at 0x400000 ---- */

struct inside {
	uint32_t magic;
	int16_t below;
	char text[10];
	uint64_t next;
};

const PAGE struct inside inside_page = {0x5eed, -7, "of a user", 0x400000};
static PAGE uint64_t user_leaves[512] = {[0] = TABLE(&inside_page)};
static PAGE uint64_t user_middle[512] = {[2] = TABLE(user_leaves)};
static PAGE uint64_t user_upper[512] = {[0] = TABLE(user_middle)};

/* ---- page tables ---- */

static PAGE uint64_t kernel_middle[512] = {
	[8] = 0x10001e3, [9] = 0x12001e3, [10] = 0x14001e3, [11] = 0x16001e3, [12] = 0x18001e3};
static PAGE uint64_t kernel_upper[512] = {[510] = TABLE(kernel_middle)};
PAGE uint64_t init_top_pgt[512] = {[511] = TABLE(kernel_upper)};
static PAGE uint64_t process_pgd[512] = {[0] = TABLE(user_upper), [511] = TABLE(kernel_upper)};

/* ---- tasks ---- */

extern struct task_struct init_task;
static struct task_struct process;
static const struct cred root_cred, user_cred = {{1000}, {100}};
static struct signal_struct init_signal = {{&init_task.thread_node, &init_task.thread_node}};
static struct signal_struct process_signal = {{&process.thread_node, &process.thread_node}};
static struct mm_struct process_mm = {process_pgd, 1};

struct task_struct init_task = {
	.flags = 0x200000,
	.tasks = {&process.tasks, &process.tasks},
	.thread_node = {&init_signal.thread_head, &init_signal.thread_head},
	.real_parent = &init_task,
	.real_cred = &root_cred,
	.signal = &init_signal,
	.comm = "swapper/0",
};

static struct task_struct process = {
	.__state = 1,
	.tasks = {&init_task.tasks, &init_task.tasks},
	.thread_node = {&process_signal.thread_head, &process_signal.thread_head},
	.pid = 42,
	.tgid = 42,
	.real_parent = &init_task,
	.real_cred = &user_cred,
	.signal = &process_signal,
	.mm = &process_mm,
	.comm = "a process",
};

/* ---- values ---- */

enum colour { RED, GREEN = 5, BELOW = -3 };
enum wide { WIDE = 0x123456789abcdef };
enum bits { ONE = 1, TWO = 2, FOUR = 4 };

int negative = -12345;
unsigned int small = 42;
uint64_t large = 0xfedcba9876543210;
int64_t lowest = INT64_MIN;
signed char byte = -1;
unsigned char octet = 200;
unsigned char octets[6] = {0, 27, 33, 10, 11, 12}; /* an address of a network card */
unsigned char letters[8] = "letters";              /* as names of directory entries */
char behind[8] = "ab\0c";
char endless[5000] = {[0 ... 4999] = 'x'};
__asm__(".globl also_small\n.set also_small, small\n");
char __init_begin[1] = {1};
int booted = 7;
char __init_end[1] = {1};
bool yes = true, no = false;
enum colour green = GREEN, below = BELOW, nameless = (enum colour)4;
enum wide wide = WIDE;
enum bits combined = (enum bits)(ONE | FOUR);
double real = 1.5;
__int128 huge = 1;

struct flags {
	unsigned int first : 3;
	int second : 5;
	enum bits third : 4;
	unsigned long : 0;
	uint64_t across : 60;
	uint64_t last : 4;
} flags = {5, -9, TWO, 0xfedcba987654321, 0xa};

struct outer {
	char name[8];
	union {
		uint32_t word;
		uint8_t bytes[4];
	};
	struct {
		short x, y;
	} point;
	int grid[2][3];
	const char *text;
	const char *null;
	void (*call)(void);
	struct outer *self;
	enum colour colours[3];
	char unended[4];
	uint8_t sparse[64];
} outer;

static void called(void)
{
}

struct outer outer = {
	.name = "a \"b\"\\",
	.word = 0x04030201,
	.point = {-1, 2},
	.grid = {{1, 2, 3}, {4, 5, 6}},
	.text = "tab\tend",
	.call = called,
	.self = &outer,
	.colours = {RED, GREEN, BELOW},
	.unended = {'f', 'u', 'l', 'l'},
	.sparse = {1, 2},
};

struct list_head listed = {&process.tasks, &init_task.tasks};
struct list_head alone = {&alone, &alone};
struct list_head astray = {(struct list_head *)0x10, (struct list_head *)0x10};
struct outer *wild = (struct outer *)0x4141414141414141;
struct outer *nothing;

struct flexible {
	unsigned int count;
	int items[];
} flexible = {3, {7, 8, 9}};

struct named {
	unsigned int number;
	char name[];
} named = {7, "of no bound"};

struct unknown;
struct unknown *hidden = (struct unknown *)&outer;
