/* SPDX-License-Identifier: MIT */
/*
 * Functions as a kernel has them, compiled by several compilers for several architectures and held
 * against offsetof by test_code_learn.c, which has the witnesses. Freestanding: what is not defined
 * here is the test's. ORDER moves members about.
 */
typedef unsigned long size_type;
typedef unsigned long long u64;

struct list {
	struct list *next, *prev;
};

struct namespace
{
	int level;
};

struct memory {
#if ORDER
	long pad;
#endif
	unsigned users;
	unsigned long start, end, stack;
	struct file *program;
};

struct path {
	void *mount;
	struct dentry *dentry;
};

struct file {
#if ORDER
	unsigned mode;
	struct path path;
#else
	struct path path;
	unsigned mode;
#endif
	const char *name;
};

struct credentials {
	void *pad;
	unsigned user, group;
};

struct upid {
	int number;
	struct namespace *space;
};

struct pid {
	int count;
	unsigned level;
	struct upid numbers[1];
};

struct signal {
	int live;
	struct list threads;
};

struct task {
#if ORDER
	u64 time;
	char comm[16];
	unsigned flags;
	struct memory *memory;
	struct task *parent;
#else
	unsigned state;
	unsigned flags;
	struct task *parent;
	struct memory *memory;
	char comm[16];
	u64 time;
#endif
	int number;
	struct list tasks;
	struct list thread;
	struct credentials *credentials;
	struct pid *pid;
	struct signal *signal;
	struct container *container;
};

struct container {
	int pad[5];
	struct inner {
		int one;
		long two;
	} inner;
	struct container *up;
};

extern struct task first_task;
extern struct list all_items;
extern int work_mode;
extern const char usual_name[];
struct list *list_start(struct list *head, int at);
void use_item(struct list *item);
void copy_text(char *to, const char *from, size_type size);
void log_text(const char *format, ...);
void put_number(void *out, const char *before, unsigned long number);
void put_path(struct path *path);
void put_inner(struct inner *inner);
int user_of(unsigned user);
void use_task(struct task *task);
struct task *make_task(void);

#define OFFSET(type, member) __builtin_offsetof(type, member)
#define KEPT __attribute__((noinline, used))

const unsigned sample_offsets[] = {
	OFFSET(struct task, memory),      OFFSET(struct task, flags),
	OFFSET(struct task, parent),      OFFSET(struct task, comm),
	OFFSET(struct task, number),      OFFSET(struct task, tasks),
	OFFSET(struct task, thread),      OFFSET(struct task, credentials),
	OFFSET(struct task, pid),         OFFSET(struct task, signal),
	OFFSET(struct task, time),        OFFSET(struct memory, users),
	OFFSET(struct memory, start),     OFFSET(struct memory, end),
	OFFSET(struct memory, stack),     OFFSET(struct memory, program),
	OFFSET(struct file, path),        OFFSET(struct file, mode),
	OFFSET(struct file, name),        OFFSET(struct path, dentry),
	OFFSET(struct credentials, user), OFFSET(struct pid, level),
	OFFSET(struct pid, numbers),      OFFSET(struct upid, number),
	OFFSET(struct upid, space),       OFFSET(struct signal, threads),
	OFFSET(struct container, inner),  OFFSET(struct container, up),
};

static inline struct task *current_task(void)
{
	struct task *task;

#if defined(__x86_64__)
	__asm__("movq %%gs:0x1000, %0" : "=r"(task));
#elif defined(__i386__)
	__asm__("movl %%fs:0x1000, %0" : "=r"(task));
#else
	__asm__("mrs %0, sp_el0" : "=r"(task));
#endif
	return task;
}

/* ---- what the running task is known by ---- */

KEPT int sys_getuid(void)
{
	return user_of(current_task()->credentials->user);
}

KEPT int sys_geteuid(void)
{
	return user_of(current_task()->credentials->user) + 1;
}

KEPT int sys_getgid(void)
{
	return user_of(current_task()->credentials->group);
}

/* ---- one function for each statement ---- */

KEPT struct memory *get_memory(struct task *task)
{
	struct memory *memory = task->memory;

	if (memory && task->flags & 0x200000)
		memory = 0;
	if (memory)
		__atomic_fetch_add(&memory->users, 1, __ATOMIC_RELAXED);
	return memory;
}

KEPT void set_parent(struct task *child, struct task *parent)
{
	child->parent = parent;
}

KEPT void set_name(struct task *task, const char *name)
{
	copy_text(task->comm, name, sizeof(task->comm));
}

KEPT void show_task(struct task *task, int loud)
{
	if (loud)
		log_text("a task of nobody");
	log_text("task %s number:%d of %p\n", task->comm, task->number, task->parent);
}

KEPT void show_memory(void *out, struct memory *memory, int allowed)
{
	put_number(out, " ", allowed ? memory->start : 1);
	put_number(out, " ", allowed ? memory->end : 1);
	put_number(out, " ", memory->stack);
}

KEPT void show_all(void)
{
	struct list *at;

	for (at = first_task.tasks.next; at != &first_task.tasks; at = at->next)
		use_task((struct task *)((char *)at - OFFSET(struct task, tasks)));
}

KEPT void show_threads(struct task *task)
{
	struct list *at;

	for (at = task->signal->threads.next; at != &task->signal->threads; at = at->next)
		use_task((struct task *)((char *)at - OFFSET(struct task, thread)));
}

KEPT struct task *clone_task(struct task *parent)
{
	struct task *task = make_task();
	struct list *last;

	if (!task)
		return 0;
	task->parent = parent;
	last = first_task.tasks.prev;
	task->tasks.next = &first_task.tasks;
	task->tasks.prev = last;
	first_task.tasks.prev = &task->tasks;
	last->next = &task->tasks;
	return task;
}

KEPT void add_time(struct task *task, unsigned long time)
{
	task->time += time;
}

KEPT struct namespace *space_of(struct task *task)
{
	struct pid *pid = task->pid;

	return pid ? pid->numbers[pid->level].space : 0;
}

KEPT int number_in(struct pid *pid, struct namespace *space)
{
	struct upid *upid;

	if (!pid || space->level > (int)pid->level)
		return 0;
	upid = &pid->numbers[space->level];
	return upid->space == space ? upid->number : 0;
}

/* A number as wide as a pointer. */
KEPT int is_high(struct memory *memory)
{
	return memory->start > 4096;
}

KEPT struct file *program_of(struct memory *memory)
{
	return memory->program;
}

KEPT void close_file(struct file *file)
{
	put_path(&file->path);
}

KEPT struct dentry *dentry_of(struct path *path)
{
	return path->dentry;
}

KEPT int is_named(struct file *file, const char *name)
{
	return file->name == name;
}

KEPT void flush_file(struct file *file)
{
	if (file->mode & 0x10000)
		put_path(0);
}

KEPT void drop_inner(struct container *container)
{
	put_inner(&container->inner);
}

KEPT struct container *up_from(struct inner *inner)
{
	struct container *container =
		(struct container *)((char *)inner - OFFSET(struct container, inner));

	return container->up;
}

/* ---- a list whose head has no symbol ---- */

KEPT void show_items(void)
{
	struct list *at;

	for (at = all_items.next; at != &all_items; at = at->next)
		use_item(at);
}

KEPT struct list *start_items(int at)
{
	struct list *item = list_start(&all_items, at);

	if (item)
		use_item(item);
	return item;
}

/* ---- a list that is only asked whether it is empty ---- */

KEPT int is_alone(struct task *task)
{
	return task->thread.next == &task->thread;
}

/* ---- a number without a symbol ---- */

KEPT int may_work(struct task *task)
{
	return task && work_mode != 2;
}

KEPT int is_idle(int strictly)
{
	if (work_mode == 2)
		return 1;
	return strictly ? 0 : user_of(3);
}

/* ---- an object that others are held against ---- */

KEPT int has_usual_name(struct file *file)
{
	return file->name == usual_name;
}

KEPT void print_usual_name(void *out)
{
	put_number(out, usual_name, 1);
}
