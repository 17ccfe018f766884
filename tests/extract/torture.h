/* SPDX-License-Identifier: MIT */
/* Types that readers of debug information get wrong. tests/extract/run compiles them in many ways and asks the compiler
 * where everything lies; what it asks for stands in its table TORTURE. */
#ifndef SEMGAP_TESTS_TORTURE_H
#define SEMGAP_TESTS_TORTURE_H

typedef signed char s8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u32 counter_t;
typedef const counter_t fixed_t;

enum plain { PLAIN_A, PLAIN_B = 7 };
enum negative { NEGATIVE_A = -3, NEGATIVE_B = 5 };
enum wide { WIDE_ONES = 0xffffffffffffffffULL, WIDE_ONE = 1 };
enum small { SMALL_A = 1, SMALL_B = 255 } __attribute__((packed));

struct bits {
	u32 a : 1;
	u32 b : 31;
	u32 c : 17;
	u32 : 0;
	u32 d : 3;
	s8 e : 5;
	u64 f : 40;
	u64 g : 24;
	int h : 7;
	_Bool flag : 1;
	enum plain kind : 4;
	short tail : 9;
	counter_t aliased : 6;
	volatile int qualified : 11;
};

struct crossing {
	u32 a : 7;
	u32 b : 30;
	u64 c : 50;
	u32 d : 13;
	char e;
	u32 f : 9;
} __attribute__((packed));

struct aligned {
	char a;
	int b __attribute__((aligned(32)));
	char c;
} __attribute__((aligned(64)));

struct packed {
	char a;
	u64 b;
	short c;
	struct aligned d;
} __attribute__((packed));

struct nested {
	int before;
	union {
		struct {
			short x;
			union {
				int y;
				char z[6];
			};
		};
		long long whole;
		u32 low : 5;
	};
	struct {
		int named;
	} inner;
	union {
		struct {
			int p : 3, q : 9;
		};
		int r;
	};
};

struct flexible {
	int count;
	short items[];
};

struct without_elements {
	int count;
	u64 none[0];
	char after;
};

struct grid {
	int cube[2][3][4];
	char *names[5][2];
	struct bits rows[2];
};

struct qualified {
	const int a;
	volatile long b;
	char *restrict c;
	const volatile void *d;
#ifdef WITHOUT_ODD_TYPES
	int e;
#else
	_Atomic int e;
#endif
	const char *const *f;
	fixed_t g;
};

struct tree;
struct node {
	struct node *next;
	struct node **previous;
	struct tree *tree;
	union {
		struct node *self;
		long value;
	};
};

typedef int (*handler_t)(struct node *, const char *, ...);

struct calls {
	handler_t one;
	handler_t many[3];
	void (*none)(void);
	int (*(*table[2])(int))(char);
	struct node *(*const fixed)(struct node **, enum plain);
};

struct enums {
	enum plain a;
	enum negative b;
	enum wide c;
	enum small d;
};

typedef struct {
	int x;
	struct {
		char y;
	} z[3];
} anonymous_t;

union mixed {
	char bytes[7];
	short s;
	struct {
		char c;
		int i;
	} __attribute__((packed)) p;
};

/* What BTF, or one of the compilers, has no word for. */
#ifndef WITHOUT_ODD_TYPES
struct floats {
	float a;
	double b;
	long double c;
	_Complex double d;
};

struct vector {
	char before;
	float v __attribute__((vector_size(16)));
};

#ifdef __SIZEOF_INT128__
struct large {
	char a;
	__int128 b;
	unsigned __int128 c;
};
#endif

#ifdef __clang__
struct odd {
	_BitInt(37) a;
	char b;
	unsigned _BitInt(100) c;
};
#endif
#endif

#endif
