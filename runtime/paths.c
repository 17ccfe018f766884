/* SPDX-License-Identifier: MIT */
/*
 * Paths in the manner of d_path() and prepend_path() (fs/d_path.c). A path is written from its end;
 * each step up takes a byte of room at least, or crosses a mount, so a chain that loops ends at a
 * bound. Which file systems tell names of their own is a table of their names.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/paths.h"

#define NAME_BYTES_MAX 255 /* the kernel's NAME_MAX */
#define CROSSINGS_MAX 512
#define ATTEMPTS 4
#define FS_NAME_BYTES 32

static const char deleted_mark[] = " (deleted)";

enum slot {
	PARENT,
	NAME,
	NAME_LENGTH,
	HASH,
	INODE,
	OPS,
	SB,
	OPS_DNAME,
	INODE_NUMBER,
	INODE_PRIVATE,
	NS_OPS,
	NS_OPS_NAME,
	MNT,
	MNT_PARENT,
	MNT_MOUNTPOINT,
	MNT_ROOT,
	SB_TYPE,
	TYPE_NAME,
	FILE_MNT,
	FILE_DENTRY,
	SLOT_COUNT
};

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[PARENT] = {GAP_FIELD_DENTRY_PARENT, 0},
	[NAME] = {GAP_FIELD_DENTRY_NAME, 0},
	[NAME_LENGTH] = {GAP_FIELD_DENTRY_NAME_LENGTH, 0},
	[HASH] = {GAP_FIELD_DENTRY_HASH, 1},
	[INODE] = {GAP_FIELD_DENTRY_INODE, 1},
	[OPS] = {GAP_FIELD_DENTRY_OPS, 1},
	[SB] = {GAP_FIELD_DENTRY_SB, 1},
	[OPS_DNAME] = {GAP_FIELD_DENTRY_OPS_DNAME, 1},
	[INODE_NUMBER] = {GAP_FIELD_INODE_NUMBER, 1},
	[INODE_PRIVATE] = {GAP_FIELD_INODE_PRIVATE, 1},
	[NS_OPS] = {GAP_FIELD_NS_OPS, 1},
	[NS_OPS_NAME] = {GAP_FIELD_NS_OPS_NAME, 1},
	[MNT] = {GAP_FIELD_MOUNT_MNT, 1},
	[MNT_PARENT] = {GAP_FIELD_MOUNT_PARENT, 0},
	[MNT_MOUNTPOINT] = {GAP_FIELD_MOUNT_MOUNTPOINT, 0},
	[MNT_ROOT] = {GAP_FIELD_VFSMOUNT_ROOT, 0},
	[SB_TYPE] = {GAP_FIELD_SB_TYPE, 1},
	[TYPE_NAME] = {GAP_FIELD_FSTYPE_NAME, 1},
	[FILE_MNT] = {GAP_FIELD_FILE_MNT, 1},
	[FILE_DENTRY] = {GAP_FIELD_FILE_DENTRY, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_paths *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_paths has no room for all fields");

/* Their sequence numbers, the first member of a seqlock_t, are odd while a name or mount changes.
 */
static const char *const lock_names[] = {"rename_lock", "mount_lock"};

#define LOCK_COUNT (sizeof(lock_names) / sizeof(lock_names[0]))

enum gap_status gap_paths_init(struct gap_paths *paths, struct gap_guest *guest,
			       struct gap_error *error)
{
	struct gap_paths begun = {.guest = guest};
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);

	if (status)
		return status;
	for (size_t i = 0; i < LOCK_COUNT; i++)
		if (gap_guest_symbol(guest, lock_names[i], &begun.locks[i], NULL))
			begun.locks[i].value = 0;
	*paths = begun;
	return GAP_OK;
}

enum gap_status gap_path_of_file(struct gap_paths *paths, struct gap_vaddr file,
				 struct gap_path *path)
{
	struct gap_path found;
	enum gap_status status =
		gap_record_pointer(paths->guest, file, &paths->fields[FILE_MNT], &found.mount);

	if (!status)
		status = gap_record_pointer(paths->guest, file, &paths->fields[FILE_DENTRY],
					    &found.dentry);
	if (!status)
		*path = found;
	return status;
}

/* ---- writing from the end ---- */

/* Text that grows towards the front of a buffer. */
struct writing {
	struct gap_paths *paths;
	struct gap_path_text *text;
	size_t start;
	enum gap_status status;
};

#define BROKEN(writing, ...)                                                                       \
	gap_note(&(writing)->status, (writing)->paths->reason, sizeof((writing)->paths->reason),   \
		 __VA_ARGS__)

static int prepend(struct writing *writing, const char *bytes, size_t length)
{
	if (writing->start < length)
		return BROKEN(writing, "a path is longer than %d bytes, or its parents loop",
			      GAP_PATH_BYTES - 1);
	writing->start -= length;
	memcpy(writing->text->bytes + writing->start, bytes, length);
	return 1;
}

static int GAP_PRINTF(2, 3) prepend_print(struct writing *writing, const char *format, ...)
{
	char text[NAME_BYTES_MAX + 64];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return length < 0
		       ? 0
		       : prepend(writing, text,
				 (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

/* ---- members ---- */

static int pointer_of(struct writing *writing, struct gap_vaddr base, enum slot slot,
		      struct gap_vaddr *pointer)
{
	struct gap_paths *paths = writing->paths;
	enum gap_status status =
		gap_record_pointer(paths->guest, base, &paths->fields[slot], pointer);

	if (status == GAP_UNREADABLE)
		BROKEN(writing, "the memory at 0x%" PRIx64 " cannot be read",
		       gap_record_at(base, &paths->fields[slot]).value);
	return status == GAP_OK;
}

/* A dentry's own name, as many bytes as it says, up to a zero byte. */
static int name_of(struct writing *writing, struct gap_vaddr dentry, char name[NAME_BYTES_MAX + 1])
{
	struct gap_paths *paths = writing->paths;
	struct gap_vaddr at;
	uint64_t length;

	if (!pointer_of(writing, dentry, NAME, &at))
		return 0;
	if (gap_record_number(paths->guest, dentry, &paths->fields[NAME_LENGTH], &length))
		return BROKEN(writing, "the dentry at 0x%" PRIx64 " cannot be read", dentry.value);
	if (length > NAME_BYTES_MAX)
		return BROKEN(writing,
			      "the dentry at 0x%" PRIx64 " has a name of %" PRIu64 " bytes",
			      dentry.value, length);
	if (gap_guest_read(paths->guest, at, name, (size_t)length))
		return BROKEN(writing, "the name at 0x%" PRIx64 " cannot be read", at.value);
	name[length] = '\0';
	return 1;
}

static int is_root(struct writing *writing, struct gap_vaddr dentry)
{
	struct gap_vaddr parent;

	return pointer_of(writing, dentry, PARENT, &parent) && parent.value == dentry.value;
}

/* d_unlinked(): out of the hash, and no root. */
static int is_deleted(struct writing *writing, struct gap_vaddr dentry)
{
	struct gap_vaddr hashed;

	return pointer_of(writing, dentry, HASH, &hashed) && hashed.value == 0 &&
	       !is_root(writing, dentry);
}

/* ---- files without a place ---- */

static int write_plain(struct writing *writing, struct gap_vaddr dentry, const char *name)
{
	(void)dentry;
	writing->text->deleted = 1;
	return prepend_print(writing, "/%s%s", name, deleted_mark);
}

static int inode_of(struct writing *writing, struct gap_vaddr dentry, uint64_t *number)
{
	struct gap_paths *paths = writing->paths;
	struct gap_vaddr inode;

	if (!pointer_of(writing, dentry, INODE, &inode))
		return 0;
	if (gap_record_number(paths->guest, inode, &paths->fields[INODE_NUMBER], number))
		return BROKEN(writing, "the inode at 0x%" PRIx64 " cannot be read", inode.value);
	return 1;
}

static int write_socket(struct writing *writing, struct gap_vaddr dentry, const char *name)
{
	uint64_t number;

	(void)name;
	return inode_of(writing, dentry, &number) &&
	       prepend_print(writing, "socket:[%" PRIu64 "]", number);
}

static int write_pipe(struct writing *writing, struct gap_vaddr dentry, const char *name)
{
	uint64_t number;

	(void)name;
	return inode_of(writing, dentry, &number) &&
	       prepend_print(writing, "pipe:[%" PRIu64 "]", number);
}

static int write_anonymous(struct writing *writing, struct gap_vaddr dentry, const char *name)
{
	(void)dentry;
	return prepend_print(writing, "anon_inode:%s", name);
}

/* 2558e3b23112 (6.9): all pidfds have one name. */
static int write_pidfd(struct writing *writing, struct gap_vaddr dentry, const char *name)
{
	(void)dentry;
	(void)name;
	return prepend_print(writing, "anon_inode:[pidfd]");
}

static int write_namespace(struct writing *writing, struct gap_vaddr dentry, const char *name)
{
	struct gap_vaddr inode, common, operations, kind;
	char text[FS_NAME_BYTES];
	uint64_t number;

	(void)name;
	if (!inode_of(writing, dentry, &number) || !pointer_of(writing, dentry, INODE, &inode) ||
	    !pointer_of(writing, inode, INODE_PRIVATE, &common) ||
	    !pointer_of(writing, common, NS_OPS, &operations) ||
	    !pointer_of(writing, operations, NS_OPS_NAME, &kind))
		return BROKEN(writing, "what namespace 0x%" PRIx64 " is cannot be told",
			      dentry.value);
	if (gap_guest_read_string(writing->paths->guest, kind, text, sizeof(text)))
		return BROKEN(writing, "the name at 0x%" PRIx64 " cannot be read", kind.value);
	return prepend_print(writing, "%s:[%" PRIu64 "]", text, number);
}

/* By the name of the file system; any other with a d_dname() has simple_dname()'s form. */
static const struct {
	const char *type;
	int (*write)(struct writing *writing, struct gap_vaddr dentry, const char *name);
} placeless[] = {
	{"sockfs", write_socket},  {"pipefs", write_pipe}, {"anon_inodefs", write_anonymous},
	{"nsfs", write_namespace}, {"pidfs", write_pidfd}, {"", write_plain},
};

#define PLACELESS_COUNT (sizeof(placeless) / sizeof(placeless[0]))

/* Whether the dentry's operations tell its name: what d_path() asks first. */
static int has_own_name(struct writing *writing, const struct gap_path *path)
{
	struct gap_vaddr operations, function, root;

	if (!pointer_of(writing, path->dentry, OPS, &operations) || !operations.value ||
	    !pointer_of(writing, operations, OPS_DNAME, &function) || !function.value)
		return 0;
	if (!is_root(writing, path->dentry))
		return 1;
	return pointer_of(writing, path->mount, MNT_ROOT, &root) &&
	       root.value != path->dentry.value;
}

static int write_own_name(struct writing *writing, struct gap_vaddr dentry)
{
	char name[NAME_BYTES_MAX + 1], type_name[FS_NAME_BYTES] = "";
	struct gap_vaddr sb, type, at;
	size_t row = 0;

	if (!name_of(writing, dentry, name))
		return 0;
	if (pointer_of(writing, dentry, SB, &sb) && pointer_of(writing, sb, SB_TYPE, &type) &&
	    pointer_of(writing, type, TYPE_NAME, &at) &&
	    gap_guest_read_string(writing->paths->guest, at, type_name, sizeof(type_name)))
		type_name[0] = '\0';
	while (row < PLACELESS_COUNT - 1 && strcmp(placeless[row].type, type_name) != 0)
		row++;
	writing->text->reachable = 1;
	return placeless[row].write(writing, dentry, name);
}

/* ---- up to the root ---- */

static int same_place(const struct gap_path *one, const struct gap_path *other)
{
	return other && one->mount.value == other->mount.value &&
	       one->dentry.value == other->dentry.value;
}

/* From the root of a mount to where it is mounted: 0 at the root of the namespace. */
static int cross(struct writing *writing, struct gap_path *at, const struct gap_path *root)
{
	uint64_t inside = writing->paths->fields[MNT].offset_bytes; /* of vfsmount in mount */
	struct gap_vaddr mount = {at->mount.value - inside}, parent, mountpoint;

	if (!pointer_of(writing, mount, MNT_PARENT, &parent) ||
	    !pointer_of(writing, mount, MNT_MOUNTPOINT, &mountpoint))
		return 0;
	if (parent.value == mount.value) {
		writing->text->reachable = root == NULL;
		return 0;
	}
	at->mount.value = parent.value + inside;
	at->dentry = mountpoint;
	return 1;
}

static int climb(struct writing *writing, struct gap_path *at)
{
	char name[NAME_BYTES_MAX + 1];
	struct gap_vaddr parent;

	if (!pointer_of(writing, at->dentry, PARENT, &parent))
		return 0;
	if (parent.value == at->dentry.value)
		return 0; /* a root that is not its mount's: it was moved out of sight */
	if (!name_of(writing, at->dentry, name) || !prepend(writing, name, strlen(name)) ||
	    !prepend(writing, "/", 1))
		return 0;
	at->dentry = parent;
	return 1;
}

static void write_place(struct writing *writing, const struct gap_path *path,
			const struct gap_path *root)
{
	struct gap_path at = *path;
	unsigned crossings = 0;
	int goes_on = 1;

	if (is_deleted(writing, path->dentry)) {
		writing->text->deleted = 1;
		prepend(writing, deleted_mark, strlen(deleted_mark));
	}
	while (goes_on && !writing->status) {
		struct gap_vaddr mount_root;

		if (same_place(&at, root)) {
			writing->text->reachable = 1;
			break;
		}
		if (!pointer_of(writing, at.mount, MNT_ROOT, &mount_root))
			break;
		if (mount_root.value != at.dentry.value)
			goes_on = climb(writing, &at);
		else if (crossings++ < CROSSINGS_MAX)
			goes_on = cross(writing, &at, root);
		else
			goes_on = BROKEN(writing, "mounts lie %d deep, or loop", CROSSINGS_MAX);
	}
	if (!writing->status && writing->text->bytes[writing->start] != '/')
		prepend(writing, "/", 1); /* the root itself */
}

static enum gap_status print_once(struct gap_paths *paths, const struct gap_path *path,
				  const struct gap_path *root, struct gap_path_text *text)
{
	struct writing writing = {.paths = paths, .text = text, .start = GAP_PATH_BYTES - 1};

	text->bytes[writing.start] = '\0';
	text->deleted = text->reachable = 0;
	paths->reason[0] = '\0';
	if (has_own_name(&writing, path))
		write_own_name(&writing, path->dentry);
	else
		write_place(&writing, path, root);
	text->length = GAP_PATH_BYTES - 1 - writing.start;
	memmove(text->bytes, text->bytes + writing.start, text->length + 1);
	return writing.status;
}

/* ---- against a running guest ---- */

static void read_locks(const struct gap_paths *paths, uint32_t counts[LOCK_COUNT])
{
	for (size_t i = 0; i < LOCK_COUNT; i++) {
		counts[i] = 0;
		if (paths->locks[i].value &&
		    gap_guest_read_u32(paths->guest, paths->locks[i], &counts[i]))
			counts[i] = 0;
	}
}

enum gap_status gap_path_print(struct gap_paths *paths, const struct gap_path *path,
			       const struct gap_path *root, struct gap_path_text *text)
{
	enum gap_status status = GAP_OK;

	for (int i = 0; i < ATTEMPTS; i++) {
		uint32_t before[LOCK_COUNT], after[LOCK_COUNT];

		read_locks(paths, before);
		status = print_once(paths, path, root, text);
		read_locks(paths, after);
		if (memcmp(before, after, sizeof(before)) == 0)
			break;
	}
	return status;
}
