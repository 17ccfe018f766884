/* SPDX-License-Identifier: MIT */
/*
 * A running guest of QEMU, over QMP and without patches. The RAM map is the flat view that the CPUs
 * have (`info mtree -f`): it tells where the PCI hole is, nothing here assumes it. Where each part
 * is in QEMU's process comes from `gpa2hva`. A part that is a shared mapping of a file (or memfd)
 * is mapped here too and read in place; private RAM is read with process_vm_readv, with a system
 * call each time and no cache, so that it is never stale. QEMU runs on meanwhile; pausing is the
 * caller's choice.
 *
 * Once it is open, memory is read without QMP: only pausing and registers need the channel.
 * How commands travel (qmp_*.c), what the texts mean (qemu_text.c) and what /proc knows (process.c)
 * are left to others.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/gdb_stub.h"
#include "memory/probe.h"
#include "memory/process.h"
#include "memory/qemu_live.h"
#include "memory/qemu_stub.h"
#include "memory/qemu_text.h"

enum { REGIONS_MAX = 1024, VCPUS_MAX = 4096 };

/* How one range is read; ranges are those of struct gap_memory, at the same index. */
struct region {
	uint64_t host_address; /* in QEMU's process */
	uint64_t file_offset;
	int fd;           /* of the shared file; -1: read from the process */
	int is_anonymous; /* untouched pages are zero */
};

struct live {
	struct gap_qmp qmp;
	struct region regions[REGIONS_MAX];
	struct gap_memory_range ranges[REGIONS_MAX];
	size_t count;
	int page_map;
	struct gap_vcpu vcpus[VCPUS_MAX];
};

/* ---- reading ---- */

static const struct region *find(const struct live *live, uint64_t address, uint64_t *into)
{
	size_t low = 0, high = live->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct gap_memory_range *range = &live->ranges[middle];

		*into = address - range->start.value;
		if (address < range->start.value)
			high = middle;
		else if (*into < range->size_bytes)
			return &live->regions[middle];
		else
			low = middle + 1;
	}
	return NULL;
}

static enum gap_status read_process(void *context, struct gap_paddr address, void *buffer,
				    size_t size_bytes)
{
	const struct live *live = context;
	uint64_t into;
	const struct region *region = find(live, address.value, &into);

	if (!region || size_bytes > live->ranges[region - live->regions].size_bytes - into)
		return GAP_UNREADABLE;
	return gap_process_read(live->qmp.pid, region->host_address + into, buffer, size_bytes);
}

static uint64_t file_hole(const struct region *region, uint64_t into, uint64_t left)
{
	uint64_t offset = region->file_offset + into;
	off_t data = lseek(region->fd, (off_t)offset, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? left : 0;
	return (uint64_t)data - offset < left ? (uint64_t)data - offset : left;
}

static uint64_t zero_bytes(void *context, struct gap_paddr address)
{
	const struct live *live = context;
	uint64_t into, left;
	const struct region *region = find(live, address.value, &into);

	if (!region)
		return 0;
	left = live->ranges[region - live->regions].size_bytes - into;
	if (region->fd >= 0)
		return file_hole(region, into, left);
	if (!region->is_anonymous || live->page_map < 0)
		return 0;
	return gap_process_untouched_bytes(live->page_map, region->host_address + into, left);
}

/* ---- the RAM map ---- */

static enum gap_status host_address(const struct live *live, uint64_t address, uint64_t *host,
				    struct gap_error *error)
{
	enum gap_status status;
	char line[64], *text = NULL;

	snprintf(line, sizeof(line), "gpa2hva 0x%llx", (unsigned long long)address);
	status = gap_qmp_human(&live->qmp, line, &text, error);
	if (status)
		return status;
	*host = gap_qemu_host_address(text);
	if (*host == 0)
		status = gap_fail(error, GAP_UNSUPPORTED, "%s: gpa2hva: %.300s", live->qmp.name,
				  text);
	free(text);
	return status;
}

/* Maps a part of the guest's RAM from its shared file; false where that is not to be had. */
static int map_shared(const struct live *live, const struct gap_process_mapping *mapping,
		      struct region *region, struct gap_memory_range *range)
{
	struct stat file;
	void *data;

	region->file_offset = mapping->offset + (region->host_address - mapping->start);
	region->fd = gap_process_open_file(live->qmp.pid, mapping);
	if (region->fd < 0)
		return 0;
	if (fstat(region->fd, &file) == 0 &&
	    (uint64_t)file.st_size >= region->file_offset + range->size_bytes) {
		data = mmap(NULL, (size_t)range->size_bytes, PROT_READ, MAP_SHARED, region->fd,
			    (off_t)region->file_offset);
		if (data != MAP_FAILED) {
			range->data = data;
			return 1;
		}
	}
	close(region->fd);
	region->fd = -1;
	return 0;
}

/* Whether the process lets us read at all: said at once, with the way out. */
static enum gap_status check_access(const struct live *live, const struct region *region,
				    struct gap_error *error)
{
	unsigned char byte;

	if (!gap_process_read(live->qmp.pid, region->host_address, &byte, 1))
		return GAP_OK;
	return gap_fail(error, GAP_IO,
			"%s: the memory of QEMU's process %d cannot be read: run as root, or with "
			"CAP_SYS_PTRACE, or give the guest a memory backend with share=on",
			live->qmp.name, (int)live->qmp.pid);
}

static enum gap_status attach(struct live *live, const struct gap_qemu_region *part,
			      struct gap_error *error)
{
	struct region region = {.fd = -1};
	struct gap_memory_range range = {{part->start}, part->size_bytes, NULL};
	struct gap_process_mapping mapping;
	enum gap_status status = host_address(live, part->start, &region.host_address, error);

	if (!status)
		status = gap_process_mapping_find(live->qmp.pid, region.host_address, &mapping,
						  error);
	if (status)
		return status;
	if (!mapping.is_readable || mapping.end - region.host_address < part->size_bytes)
		return gap_fail(error, GAP_IO,
				"process %d maps less than the guest has: is it QEMU?",
				(int)live->qmp.pid);
	region.is_anonymous = mapping.inode == 0;
	if (region.is_anonymous || !mapping.is_shared ||
	    !map_shared(live, &mapping, &region, &range)) {
		status = check_access(live, &region, error);
		if (status)
			return status;
	}
	live->regions[live->count] = region;
	live->ranges[live->count++] = range;
	return GAP_OK;
}

/* Whether a block is guest RAM, and not a device's. Before QEMU 5.0 RAM of the machine was no
 * backend; then all that the CPUs see as RAM is taken. */
static int is_ram(struct json_object *backends, const char *block)
{
	size_t count = backends ? json_object_array_length(backends) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *id = NULL;

		json_object_object_get_ex(json_object_array_get_idx(backends, i), "id", &id);
		if (id && gap_qemu_is_backend(block, json_object_get_string(id)))
			return 1;
	}
	return count == 0;
}

static struct json_object *list_backends(const struct live *live)
{
	struct json_object *backends = NULL;

	if (gap_qmp_execute(&live->qmp, "query-memdev", NULL, &backends, NULL))
		return NULL;
	if (json_object_is_type(backends, json_type_array))
		return backends;
	json_object_put(backends);
	return NULL;
}

static enum gap_status attach_all(struct live *live, const char *text, struct gap_error *error)
{
	struct gap_qemu_region *parts = calloc(REGIONS_MAX, sizeof(*parts));
	struct json_object *backends = list_backends(live);
	enum gap_status status = GAP_OK;
	size_t count;

	if (!parts) {
		json_object_put(backends);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	count = gap_qemu_regions(text, parts, REGIONS_MAX);
	for (size_t i = 0; !status && i < count; i++)
		if (is_ram(backends, parts[i].block))
			status = attach(live, &parts[i], error);
	free(parts);
	json_object_put(backends);
	if (!status && live->count == 0)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%s: no RAM found in QEMU's memory map (info mtree -f)",
				live->qmp.name);
	return status;
}

static enum gap_status find_ram(struct live *live, struct gap_error *error)
{
	enum gap_status status;
	char *text = NULL;

	if (live->qmp.pid <= 0)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%s: QEMU's process is not known: it runs in another container?",
				live->qmp.name);
	status = gap_qmp_human(&live->qmp, "info mtree -f", &text, error);
	if (status)
		return status;
	status = attach_all(live, text, error);
	free(text);
	return status;
}

/* ---- registers, pausing ---- */

static enum gap_status read_monitor(struct live *live, size_t *count, struct gap_error *error)
{
	enum gap_status status;
	char *text = NULL;

	status = gap_qmp_human(&live->qmp, "info registers -a", &text, error);
	if (status)
		return status;
	*count = gap_qemu_registers(text, live->vcpus, VCPUS_MAX);
	free(text);
	return GAP_OK;
}

/* Some register leads to the kernel's page tables. */
static int knows_roots(const struct live *live, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (live->vcpus[i].known & (GAP_VCPU_CR3 | GAP_VCPU_TTBR1_EL1))
			return 1;
	return count == 0;
}

struct reading {
	struct live *live;
	size_t count;
};

/* All registers of one moment: those of the monitor again, now that the guest stands. */
static enum gap_status read_standing(void *context, int fd, struct gap_error *error)
{
	struct reading *reading = context;
	enum gap_status status = read_monitor(reading->live, &reading->count, error);

	if (status)
		return status;
	return gap_gdb_read_registers(fd, reading->live->vcpus, reading->count, error);
}

/*
 * The monitor prints no system registers of arm64: for them the guest stands for a moment. On x86
 * only KERNEL_GS_BASE is missing (and LSTAR, which QEMU tells nobody); nobody is stopped for it,
 * but who stands already is asked. What is not to be had stays unknown.
 */
static enum gap_status refresh(struct gap_source_memory *opened, struct gap_error *error)
{
	struct live *live = opened->state;
	struct reading reading = {.live = live};
	struct gap_error why = {""};
	enum gap_status status = read_monitor(live, &reading.count, error);
	int running = 0, needed;

	if (status)
		return status;
	needed = !knows_roots(live, reading.count);
	if (needed || (!gap_qemu_is_running(&live->qmp, &running, NULL) && !running))
		status = gap_qemu_stub_borrow(&live->qmp, read_standing, &reading, &why);
	if (status == GAP_IO)
		return gap_fail(error, status, "%s", why.text);
	if (status && needed && !opened->warning.text[0])
		gap_fail(&opened->warning, GAP_OK, "no system registers: %.900s", why.text);
	opened->memory.vcpu_count = reading.count;
	opened->memory.vcpus = live->vcpus;
	return GAP_OK;
}

static enum gap_status pause_guest(void *state, int *was_running, struct gap_error *error)
{
	struct live *live = state;
	enum gap_status status = gap_qemu_is_running(&live->qmp, was_running, error);

	if (status || !*was_running)
		return status;
	return gap_qmp_execute(&live->qmp, "stop", NULL, NULL, error);
}

static enum gap_status resume_guest(void *state, struct gap_error *error)
{
	struct live *live = state;

	return gap_qmp_execute(&live->qmp, "cont", NULL, NULL, error);
}

/* ---- opening ---- */

static void close_live(void *state)
{
	struct live *live = state;

	for (size_t i = 0; i < live->count; i++) {
		if (live->ranges[i].data)
			munmap((void *)(uintptr_t)live->ranges[i].data,
			       (size_t)live->ranges[i].size_bytes);
		if (live->regions[i].fd >= 0)
			close(live->regions[i].fd);
	}
	if (live->page_map >= 0)
		close(live->page_map);
	live->qmp.close(live->qmp.context);
	free(live);
}

const struct gap_source_format gap_source_live = {
	.name = "live guest",
	.close = close_live,
	.pause = pause_guest,
	.resume = resume_guest,
	.refresh = refresh,
};

/* What to call it: by whom it is reached and how it is read. */
static const char *format_name(const struct live *live, enum gap_live_kind kind)
{
	static const char *const names[][3] = {
		{"qemu, shared file", "qemu, process memory",
		 "qemu, shared file and process memory"},
		{"libvirt, shared file", "libvirt, process memory",
		 "libvirt, shared file and process memory"},
	};
	int shared = 0, process = 0;

	for (size_t i = 0; i < live->count; i++) {
		shared |= live->ranges[i].data != NULL;
		process |= live->ranges[i].data == NULL;
	}
	return names[kind][shared && process ? 2 : process];
}

enum gap_status gap_source_live_open(const struct gap_qmp *qmp, enum gap_live_kind kind,
				     struct gap_source_memory *opened, struct gap_error *error)
{
	struct live *live = calloc(1, sizeof(*live));
	enum gap_status status;

	if (!live) {
		qmp->close(qmp->context);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	live->qmp = *qmp;
	live->page_map = qmp->pid > 0 ? gap_process_open_page_map(qmp->pid) : -1;
	opened->row = &gap_source_live;
	opened->state = live;
	status = find_ram(live, error);
	if (!status)
		status = refresh(opened, error);
	if (status) {
		close_live(live);
		return status;
	}
	opened->format = format_name(live, kind);
	opened->memory.ranges = live->ranges;
	opened->memory.range_count = live->count;
	opened->memory.read = read_process;
	opened->memory.zero_bytes = zero_bytes;
	opened->memory.context = live;
	return GAP_OK;
}

enum gap_status gap_source_live_open_qemu(const char *socket_path, struct gap_source_memory *opened,
					  struct gap_error *error)
{
	struct gap_qmp qmp;
	enum gap_status status = gap_qmp_open_socket(socket_path, &qmp, error);

	return status ? status : gap_source_live_open(&qmp, GAP_LIVE_QEMU, opened, error);
}

enum gap_status gap_source_live_open_libvirt(const char *domain, struct gap_source_memory *opened,
					     struct gap_error *error)
{
	struct gap_qmp qmp;
	enum gap_status status = gap_qmp_open_libvirt(domain, &qmp, error);

	return status ? status : gap_source_live_open(&qmp, GAP_LIVE_LIBVIRT, opened, error);
}
