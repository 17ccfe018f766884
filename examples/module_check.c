/* SPDX-License-Identifier: MIT */
/*
 * A monitor: the guest's modules, and whether what the kernel says of them agrees with itself.
 *     module_check PROFILE MEMORY
 * prints "NAME<tab>BASE<tab>BYTES<tab>ok" for each, or in what it does not fit; and names the modules that
 * only sysfs knows: one that took itself out of the list to hide is still in /sys/module. Exit status 1
 * when something does not fit.
 */
#include <string.h>

#include "attach.h"

struct list_head {
	struct list_head *next, *prev;
};
struct kobject {
	const char *name;
	struct list_head entry;
};
struct kset {
	struct list_head list;
};
struct module;
struct module_kobject {
	struct kobject kobj;
	struct module *mod;
};
struct module_memory { /* one part of a module, since ac3b4328392344 (6.4) */
	void *base;
	unsigned int size;
};
struct module_layout { /* until then */
	void *base;
	unsigned int size;
};
struct module {
	struct list_head list;
	char name[64];
	struct module_kobject mkobj;
	struct module_memory mem[7];
};
struct module___layout {
	struct module_layout core_layout;
};
enum mod_mem_type { MOD_MEM_NUM_TYPES = 7 };
extern struct list_head modules;
extern struct kset *module_kset;

#include "module_check.gap.h"

struct place {
	unsigned long long base, bytes; /* of the code, of all parts */
	int holds_module;               /* struct module lies in its own data */
};

static void add_part(struct place *place, struct module *module, const void *base, unsigned bytes)
{
	unsigned long long from = (uintptr_t)base, at = (uintptr_t)module;

	if (!place->base)
		place->base = from;
	place->bytes += bytes;
	place->holds_module |= at >= from && at - from < bytes;
}

static struct place place_of(struct gap_monitor *m, struct module *module)
{
	struct module___layout *old = (struct module___layout *)module;
	struct place place = {0, 0, 0};

	if (GAP_HAS(m, struct module, mem)) {
		struct module_memory *parts = GAP_ADDRESS(m, GAP_OPTIONAL(module), mem);
		long long count = GAP_ENUM_OR(m, 0, MOD_MEM_NUM_TYPES);

		for (int i = 0; i < count && i < 16; i++) {
			struct module_memory *part = GAP_INDEX(m, GAP_OPTIONAL(parts), i);

			add_part(&place, module, GAP_READ(m, GAP_OPTIONAL(part), base),
				 GAP_READ(m, GAP_OPTIONAL(part), size));
		}
	} else {
		add_part(&place, module, GAP_READ(m, GAP_OPTIONAL(old), core_layout, base),
			 GAP_READ(m, GAP_OPTIONAL(old), core_layout, size));
	}
	return place;
}

static int check_module(struct gap_monitor *m, struct module *module)
{
	struct place place = place_of(m, module);
	char name[65], shown[65];
	const char *verdict = "ok";

	GAP_STRING(m, name, module, name);
	GAP_STRING(m, shown, module, mkobj, kobj, name);
	if (GAP_READ(m, module, mkobj, mod) != module)
		verdict = "its entry in sysfs is another module's";
	else if (strcmp(name, shown) != 0)
		verdict = "it has another name in sysfs";
	else if (!place.holds_module)
		verdict = "it does not lie in its own memory";
	printf("%s\t0x%llx\t%llu\t%s\n", name, place.base, place.bytes, verdict);
	return strcmp(verdict, "ok") != 0;
}

static int is_listed(struct gap_monitor *m, const struct module *wanted)
{
	struct module *module;

	GAP_LIST_FOR_EACH(module, m, GAP_SYMBOL(m, modules), list)
	if (module == wanted)
		return 1;
	return 0;
}

static int check_all(struct gap_monitor *m)
{
	struct kset *kset = GAP_LOAD(m, GAP_SYMBOL(m, module_kset));
	struct module *module;
	struct kobject *object;
	int found = 0, status;

	gap_monitor_begin(m);
	GAP_LIST_FOR_EACH(module, m, GAP_SYMBOL(m, modules), list)
	found |= check_module(m, module);
	GAP_LIST_FOR_EACH(object, m, GAP_ADDRESS(m, kset, list), entry)
	{
		module = GAP_READ(m, GAP_CONTAINER(m, object, struct module_kobject, kobj), mod);
		if (module && !is_listed(m, module)) {
			char name[65];

			GAP_STRING(m, name, module, name);
			printf("%s\t-\t-\tit is hidden: only sysfs has it\n", name);
			found = 1;
		}
	}
	status = look_status(m);
	return status ? status : found;
}

int main(int argc, char **argv)
{
	struct attached attached;
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: module_check PROFILE MEMORY\n");
		return 2;
	}
	if (!attach(&attached, argv[1], argv[2], GAP_PLAN))
		return 2;
	status = check_all(attached.monitor);
	detach(&attached);
	return status;
}
