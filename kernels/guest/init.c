/* SPDX-License-Identifier: MIT */
/*
 * PID 1 of a test guest: mounts what is needed, starts the workload, and then answers questions
 * about the guest from the guest's own point of view (/proc), over a serial line of its own. It
 * reads /proc itself and starts no process while it answers (but for `sh`), so that looking does
 * not change what is seen.
 *
 * Protocol, one question at a time:  "ask ID WORD [ARGUMENTS]\n"  ->  "answer ID STATUS LENGTH\n"
 * and LENGTH bytes. A new question is one function and one row in `commands`.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* ---- bytes that grow
 * --------------------------------------------------------------------------------------------- */

struct bytes {
	char *data;
	size_t length, room;
};

static void bytes_add(struct bytes *bytes, const void *data, size_t length)
{
	if (bytes->room - bytes->length < length + 1) {
		size_t room = 2 * bytes->room + length + 4096;
		char *more = realloc(bytes->data, room);

		if (!more)
			return;
		bytes->data = more;
		bytes->room = room;
	}
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	bytes->data[bytes->length] = '\0';
}

__attribute__((format(printf, 2, 3))) static void bytes_print(struct bytes *bytes,
							      const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length > 0)
		bytes_add(bytes, text,
			  (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/* Columns are separated by tabs and rows by newlines: what is not printable ASCII, and the
 * backslash, become \xNN. */
static void bytes_add_escaped(struct bytes *bytes, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c < 0x20 || c >= 0x7f || c == '\\')
			bytes_print(bytes, "\\x%02x", c);
		else
			bytes_add(bytes, &data[i], 1);
	}
}

/* Adds the whole file, however long; files in /proc do not say their size. */
static bool bytes_add_file(struct bytes *bytes, const char *path)
{
	static char block[65536];
	ssize_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	while ((length = read(fd, block, sizeof block)) > 0)
		bytes_add(bytes, block, (size_t)length);
	int error = errno;
	close(fd);
	errno = error;
	return length == 0;
}

static void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof *bytes);
}

/* ---- tasks as /proc shows them
 * ----------------------------------------------------------------------------------- */

#define PF_KTHREAD 0x00200000ul

struct stat_line {
	const char *comm;
	size_t comm_length;
	char state;
	int ppid;
	unsigned long flags;
	long threads;
	unsigned long long start_ticks;
};

/*
 * /proc/PID/stat: "pid (comm) state ppid ...". comm may hold anything, so it ends at the LAST ')'.
 * The kernel decorates some names here: workers of workqueues get their workqueue appended
 * ("kworker/0:1-events"), and since 5.17 kernel threads show a full name that may be longer than
 * the 15 bytes of task_struct.comm.
 */
static bool stat_parse(struct bytes *text, struct stat_line *line)
{
	char *open = text->data ? strchr(text->data, '(') : NULL;
	char *close = text->data ? memrchr(text->data, ')', text->length) : NULL;

	if (!open || !close || close < open)
		return false;
	line->comm = open + 1;
	line->comm_length = (size_t)(close - open - 1);
	return sscanf(close + 1,
		      " %c %d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d "
		      "%llu",
		      &line->state, &line->ppid, &line->flags, &line->threads,
		      &line->start_ticks) == 5;
}

/* The first number (the real id) of "Uid:" or "Gid:" in /proc/PID/status, whose names are escaped
 * by the kernel. */
static unsigned status_id(const struct bytes *status, const char *key)
{
	const char *found = status->data ? strstr(status->data, key) : NULL;

	return found ? (unsigned)strtoul(found + strlen(key), NULL, 10) : 0;
}

static void add_exe(struct bytes *out, const char *folder)
{
	char path[64], target[4096];

	snprintf(path, sizeof path, "%s/exe", folder);
	ssize_t length = readlink(path, target, sizeof target);
	if (length > 0)
		bytes_add_escaped(out, target, (size_t)length);
	else
		bytes_add(out, "-", 1);
}

/* The final NUL is dropped, those between arguments show as \x00. */
static void add_cmdline(struct bytes *out, const char *folder)
{
	struct bytes text = {0};
	char path[64];

	snprintf(path, sizeof path, "%s/cmdline", folder);
	if (bytes_add_file(&text, path) && text.length > 0)
		bytes_add_escaped(out, text.data,
				  text.length - (text.data[text.length - 1] == '\0'));
	bytes_free(&text);
}

/* pid tgid ppid uid gid state kernel_thread threads start_ticks comm exe cmdline */
static void add_process(struct bytes *out, int pid)
{
	struct bytes stat_text = {0}, status = {0};
	struct stat_line line;
	char folder[32], path[64];

	snprintf(folder, sizeof folder, "/proc/%d", pid);
	snprintf(path, sizeof path, "%s/stat", folder);
	bool there = bytes_add_file(&stat_text, path) && stat_parse(&stat_text, &line);
	snprintf(path, sizeof path, "%s/status", folder);
	there = there && bytes_add_file(&status, path);
	if (there) {
		bytes_print(out, "%d\t%d\t%d\t%u\t%u\t%c\t%d\t%ld\t%llu\t", pid, pid, line.ppid,
			    status_id(&status, "\nUid:"), status_id(&status, "\nGid:"), line.state,
			    (line.flags & PF_KTHREAD) != 0, line.threads, line.start_ticks);
		bytes_add_escaped(out, line.comm, line.comm_length);
		bytes_add(out, "\t", 1);
		add_exe(out, folder);
		bytes_add(out, "\t", 1);
		add_cmdline(out, folder);
		bytes_add(out, "\n", 1);
	}
	bytes_free(&stat_text);
	bytes_free(&status);
}

/* The pids of a task from the reader's namespace inwards, separated by blanks: "NSpid:" of its
 * status (4.1). */
static void add_namespace_pids(struct bytes *out, const struct bytes *status)
{
	const char *at = status->data ? strstr(status->data, "\nNSpid:") : NULL;
	const char *separator = "";

	for (at = at ? at + strlen("\nNSpid:") : "\n"; *at == '\t'; separator = " ")
		bytes_print(out, "%s%ld", separator, strtol(at + 1, (char **)&at, 10));
}

/* What stands behind "0::" in a task's cgroup file: its place in the unified hierarchy. */
static void add_cgroup(struct bytes *out, const char *folder)
{
	struct bytes text = {0};
	char path[80];

	snprintf(path, sizeof path, "%s/cgroup", folder);
	bytes_add_file(&text, path);
	char *found = text.data ? strstr(text.data, "0::") : NULL;
	bytes_add(out, "\t", 1);
	if (found && (found == text.data || found[-1] == '\n'))
		bytes_add_escaped(out, found + 3, strcspn(found + 3, "\n"));
	bytes_free(&text);
}

/* pid tgid comm state kernel_thread start_ticks nspids cgroup */
static void add_thread(struct bytes *out, int tgid, int pid)
{
	struct bytes text = {0}, status = {0};
	struct stat_line line;
	char folder[64], path[80];

	snprintf(folder, sizeof folder, "/proc/%d/task/%d", tgid, pid);
	snprintf(path, sizeof path, "%s/status", folder);
	bytes_add_file(&status, path);
	snprintf(path, sizeof path, "%s/stat", folder);
	if (bytes_add_file(&text, path) && stat_parse(&text, &line)) {
		bytes_print(out, "%d\t%d\t", pid, tgid);
		bytes_add_escaped(out, line.comm, line.comm_length);
		bytes_print(out, "\t%c\t%d\t%llu\t", line.state, (line.flags & PF_KTHREAD) != 0,
			    line.start_ticks);
		add_namespace_pids(out, &status);
		add_cgroup(out, folder);
		bytes_add(out, "\n", 1);
	}
	bytes_free(&text);
	bytes_free(&status);
}

/* Calls once for each entry of a folder whose name is a number. */
static bool each_number(const char *path, void (*call)(struct bytes *, int, int), struct bytes *out,
			int argument)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder)
		return false;
	while ((entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]))
			call(out, argument, atoi(entry->d_name));
	closedir(folder);
	return true;
}

/* pid fd inode, of each descriptor that is a socket */
static void call_sockets(struct bytes *out, int unused, int pid)
{
	char path[64], target[64];
	struct dirent *entry;
	DIR *folder;

	(void)unused;
	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);

		target[length > 0 ? length : 0] = '\0';
		if (strncmp(target, "socket:[", 8) == 0)
			bytes_print(out, "%d\t%s\t%ld\n", pid, entry->d_name, atol(target + 8));
	}
	if (folder)
		closedir(folder);
}

static void call_process(struct bytes *out, int unused, int pid)
{
	(void)unused;
	add_process(out, pid);
}

static void call_threads(struct bytes *out, int unused, int tgid)
{
	char path[64];

	(void)unused;
	snprintf(path, sizeof path, "/proc/%d/task", tgid);
	each_number(path, add_thread, out, tgid);
}

/* Lines of a file of a process, each with the pid and a tab before it. */
static void add_lines(struct bytes *out, int pid, const char *name)
{
	struct bytes text = {0};
	char path[64], *line, *rest = NULL;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	if (bytes_add_file(&text, path) && text.data)
		for (line = strtok_r(text.data, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest)) {
			bytes_print(out, "%d\t", pid);
			bytes_add_escaped(out, line, strlen(line));
			bytes_add(out, "\n", 1);
		}
	bytes_free(&text);
}

/* A number of /proc/PID/fdinfo/N, which has a line for each. */
static unsigned long long fdinfo_number(const struct bytes *text, const char *key, int base)
{
	const char *found = text->data ? strstr(text->data, key) : NULL;

	return found ? strtoull(found + strlen(key), NULL, base) : 0;
}

/* The thread whose descriptors are told as those of a process: its leader, unless that has exited. */
static int holding_thread;

static void take_thread(struct bytes *out, int pid, int tid)
{
	(void)out;
	if (tid != pid && holding_thread == pid)
		holding_thread = tid;
}

static void find_holder(int pid)
{
	char path[64];
	int first;

	holding_thread = pid;
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	bool gone = false;
	/* The state stands behind the last parenthesis. */
	while (file && (first = getc(file)) != EOF)
		if (first == ')')
			gone = getc(file) == ' ' && getc(file) == 'Z';
	if (file)
		fclose(file);
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	if (gone)
		each_number(path, take_thread, NULL, pid);
}

/* pid fd flags pos path */
static void add_descriptor(struct bytes *out, int pid, int fd)
{
	struct bytes text = {0};
	char path[64], target[4096];

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", holding_thread, fd);
	bool there = bytes_add_file(&text, path);
	snprintf(path, sizeof path, "/proc/%d/fd/%d", holding_thread, fd);
	ssize_t length = readlink(path, target, sizeof target);
	if (there && length >= 0) {
		bytes_print(out, "%d\t%d\t%llu\t%llu\t", pid, fd, fdinfo_number(&text, "flags:", 8),
			    fdinfo_number(&text, "pos:", 10));
		bytes_add_escaped(out, target, (size_t)length);
		bytes_add(out, "\n", 1);
	}
	bytes_free(&text);
}

static void call_maps(struct bytes *out, int unused, int pid)
{
	(void)unused;
	add_lines(out, pid, "maps");
}

static void call_mounts(struct bytes *out, int unused, int pid)
{
	(void)unused;
	add_lines(out, pid, "mounts");
}

static void call_mountinfo(struct bytes *out, int unused, int pid)
{
	(void)unused;
	add_lines(out, pid, "mountinfo");
}

static void call_files(struct bytes *out, int unused, int pid)
{
	char path[64];

	(void)unused;
	find_holder(pid);
	snprintf(path, sizeof path, "/proc/%d/fd", holding_thread);
	each_number(path, add_descriptor, out, pid);
}

/* ---- questions: each adds to `out` and returns 0, or 1 with the complaint in `out`
 * --------------------------------- */

static int complain(struct bytes *out, const char *what)
{
	bytes_print(out, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int ask_ps(char *arguments, struct bytes *out)
{
	(void)arguments;
	return each_number("/proc", call_process, out, 0) ? 0 : complain(out, "/proc");
}

static int ask_threads(char *arguments, struct bytes *out)
{
	(void)arguments;
	return each_number("/proc", call_threads, out, 0) ? 0 : complain(out, "/proc");
}

static int ask_sockets(char *arguments, struct bytes *out)
{
	(void)arguments;
	return each_number("/proc", call_sockets, out, 0) ? 0 : complain(out, "/proc");
}

/* The kernel's log as /dev/kmsg tells it, one record a read:
 * "priority,sequence,microseconds,flags;text" */
static int ask_kmsg(char *arguments, struct bytes *out)
{
	char record[8192];
	ssize_t length;
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	(void)arguments;
	if (fd < 0)
		return complain(out, "/dev/kmsg");
	while ((length = read(fd, record, sizeof record)) > 0 || errno == EPIPE)
		if (length > 0)
			bytes_add(out, record, (size_t)length);
	close(fd);
	return 0;
}

/* "PID ADDRESS LENGTH" (hexadecimal): memory of a process, as it is */
static int ask_memory(char *arguments, struct bytes *out)
{
	static char block[65536];
	unsigned long long address;
	unsigned length;
	char path[64];
	int pid;

	if (sscanf(arguments, "%d %llx %x", &pid, &address, &length) != 3 ||
	    length > sizeof block) {
		bytes_print(out, "PID ADDRESS LENGTH?\n");
		return 1;
	}
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : pread(fd, block, length, (off_t)address);
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	if (got < 0)
		return complain(out, path);
	bytes_add(out, block, (size_t)got);
	return 0;
}

/* Bits of an entry of /proc/PID/pagemap: 8 bytes for each page. */
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_FRAME ((1ull << 55) - 1)

/* start physical, of the first page of a mapping; "-" where there is none */
static void add_physical(struct bytes *out, int pagemap, unsigned long long start)
{
	unsigned long long page_bytes = (unsigned long long)sysconf(_SC_PAGESIZE), entry = 0;
	off_t at = (off_t)(start / page_bytes * sizeof entry);

	bytes_print(out, "%llx\t", start);
	if (pread(pagemap, &entry, sizeof entry, at) == (ssize_t)sizeof entry &&
	    entry & PAGEMAP_PRESENT)
		bytes_print(out, "%llx\n", (entry & PAGEMAP_FRAME) * page_bytes);
	else
		bytes_add(out, "-\n", 2);
}

/* "PID": where the first page of each of its mappings lies in memory */
static int ask_physical(char *pid, struct bytes *out)
{
	struct bytes text = {0};
	char path[64], *line, *rest = NULL;

	snprintf(path, sizeof path, "/proc/%d/pagemap", atoi(pid));
	int pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		return complain(out, path);
	snprintf(path, sizeof path, "/proc/%d/maps", atoi(pid));
	if (bytes_add_file(&text, path) && text.data)
		for (line = strtok_r(text.data, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			add_physical(out, pagemap, strtoull(line, NULL, 16));
	close(pagemap);
	bytes_free(&text);
	return 0;
}

/* Of the process that is named, or of all. */
static int ask_processes(const char *pid, void (*call)(struct bytes *, int, int), struct bytes *out)
{
	if (!*pid)
		return each_number("/proc", call, out, 0) ? 0 : complain(out, "/proc");
	call(out, 0, atoi(pid));
	return 0;
}

static int ask_maps(char *pid, struct bytes *out)
{
	return ask_processes(pid, call_maps, out);
}

static int ask_files(char *pid, struct bytes *out)
{
	return ask_processes(pid, call_files, out);
}

static int ask_mounts(char *pid, struct bytes *out)
{
	return ask_processes(pid, call_mounts, out);
}

static int ask_mountinfo(char *pid, struct bytes *out)
{
	return ask_processes(pid, call_mountinfo, out);
}

static int ask_cat(char *path, struct bytes *out)
{
	return bytes_add_file(out, path) ? 0 : complain(out, path);
}

static int ask_banner(char *arguments, struct bytes *out)
{
	(void)arguments;
	return bytes_add_file(out, "/proc/version") ? 0 : complain(out, "/proc/version");
}

/* Lines of /proc/kallsyms with exactly that name, as the kernel writes them. */
static int ask_kallsyms(char *name, struct bytes *out)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return complain(out, "/proc/kallsyms");
	while (getline(&line, &room, file) > 0) {
		char symbol[600];
		if (sscanf(line, "%*s %*c %599s", symbol) == 1 && strcmp(symbol, name) == 0)
			bytes_add(out, line, strlen(line));
	}
	free(line);
	fclose(file);
	return 0;
}

/* NAME<tab>TARGET of the symbolic links of a folder (/proc/PID/fd, /proc/PID/ns), bare names of
 * other entries. */
static int ask_links(char *path, struct bytes *out)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char target[4096];

	if (!folder)
		return complain(out, path);
	while ((entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		bytes_add_escaped(out, entry->d_name, strlen(entry->d_name));
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
		if (length >= 0) {
			bytes_add(out, "\t", 1);
			bytes_add_escaped(out, target, (size_t)length);
		}
		bytes_add(out, "\n", 1);
	}
	closedir(folder);
	return 0;
}

/* A shell command, its output and errors. The one question that makes processes. */
static int ask_sh(char *command, struct bytes *out)
{
	int pipes[2], status = 0;
	char block[4096];
	ssize_t length;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return complain(out, "pipe");
	pid_t child = fork();
	if (child == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		execl("/bin/busybox", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	while ((length = read(pipes[0], block, sizeof block)) > 0)
		bytes_add(out, block, (size_t)length);
	close(pipes[0]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return complain(out, "sh");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static const char *module_name;
static char module_path[4096];

static bool same_module(const char *file, const char *name)
{
	for (; *name; file++, name++)
		if (*file != *name &&
		    !((*file == '-' || *file == '_') && (*name == '-' || *name == '_')))
			return false;
	return strcmp(file, ".ko") == 0 || strcmp(file, ".ko.xz") == 0;
}

static int module_visit(const char *path, const struct stat *unused, int type, struct FTW *where)
{
	(void)unused;
	if (type != FTW_F || !same_module(path + where->base, module_name))
		return 0;
	snprintf(module_path, sizeof module_path, "%s", path);
	return 1;
}

/* "NAME [parameters]": a module of /lib/modules by name; what it depends on is to be inserted
 * before. */
static int ask_insmod(char *arguments, struct bytes *out)
{
	char *parameters = strchr(arguments, ' ');

	if (parameters)
		*parameters++ = '\0';
	module_name = arguments;
	if (nftw("/lib/modules", module_visit, 16, FTW_PHYS) != 1) {
		bytes_print(out, "no module %s in /lib/modules (boot start --modules)\n",
			    arguments);
		return 1;
	}
	int fd = open(module_path, O_RDONLY | O_CLOEXEC);
	/* MODULE_INIT_COMPRESSED_FILE (5.17), where the kernel unpacks them itself */
	int flags = strstr(module_path, ".ko.xz") ? 4 : 0;
	long result =
		fd < 0 ? -1 : syscall(SYS_finit_module, fd, parameters ? parameters : "", flags);
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return result == 0 ? 0 : complain(out, module_path);
}

static int ask_poweroff(char *arguments, struct bytes *out)
{
	(void)arguments;
	sync();
	reboot(RB_POWER_OFF);
	return complain(out, "poweroff");
}

static int ask_help(char *arguments, struct bytes *out);

static const struct command {
	const char *word;
	int (*run)(char *arguments, struct bytes *out);
	const char *help;
} commands[] = {
	{"ps", ask_ps,
	 "processes: pid tgid ppid uid gid state kernel_thread threads start_ticks comm exe "
	 "cmdline"},
	{"threads", ask_threads,
	 "threads: pid tgid comm state kernel_thread start_ticks nspids cgroup"},
	{"sockets", ask_sockets, "descriptors that are sockets: pid fd inode"},
	{"kmsg", ask_kmsg, "the kernel's log, as /dev/kmsg gives it"},
	{"memory", ask_memory, "PID ADDRESS LENGTH (hexadecimal): memory of a process"},
	{"physical", ask_physical, "PID: start physical (or -), of each mapping's first page"},
	{"maps", ask_maps, "[PID]: pid, line of /proc/PID/maps"},
	{"files", ask_files,
	 "[PID]: pid fd flags pos path, of /proc/PID/fd and fdinfo; of a thread where the leader "
	 "has exited"},
	{"mounts", ask_mounts, "[PID]: pid, line of /proc/PID/mounts"},
	{"mountinfo", ask_mountinfo, "[PID]: pid, line of /proc/PID/mountinfo"},
	{"cat", ask_cat, "FILE: its bytes"},
	{"links", ask_links,
	 "FOLDER: its entries and, for symbolic links, their targets (/proc/PID/fd)"},
	{"banner", ask_banner, "/proc/version"},
	{"kallsyms", ask_kallsyms, "NAME: the lines of /proc/kallsyms with that name"},
	{"insmod", ask_insmod, "NAME [PARAMETERS]: insert a module that was given with --modules"},
	{"sh", ask_sh, "COMMAND: through busybox; makes processes"},
	{"poweroff", ask_poweroff, ""},
	{"help", ask_help, ""},
};

static const size_t command_count = sizeof commands / sizeof commands[0];

static int ask_help(char *arguments, struct bytes *out)
{
	(void)arguments;
	for (size_t i = 0; i < command_count; i++)
		bytes_print(out, "%s\t%s\n", commands[i].word, commands[i].help);
	return 0;
}

/* ---- the line
 * ----------------------------------------------------------------------------------------------------
 */

static void write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);
		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			data += written;
			length -= (size_t)written;
		}
	}
}

static int run_command(char *text, struct bytes *out)
{
	char *arguments = strchr(text, ' ');
	char nothing[] = "";

	if (arguments)
		*arguments++ = '\0';
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i].word, text) == 0)
			return commands[i].run(arguments ? arguments : nothing, out);
	bytes_print(out, "no such question: %s; there are:\n", text);
	ask_help(nothing, out);
	return 2;
}

/* Lines that are no question (the rest of one that was cut off) are dropped. */
static void answer(int fd, char *line)
{
	struct bytes out = {0};
	char header[80], *id, *text, *rest = NULL;

	if (strncmp(line, "ask ", 4) != 0 || !(id = strtok_r(line + 4, " ", &rest)) ||
	    !(text = rest) || !*text)
		return;
	int status = run_command(text, &out);
	snprintf(header, sizeof header, "answer %.32s %d %zu\n", id, status, out.length);
	write_all(fd, header, strlen(header));
	write_all(fd, out.data ? out.data : "", out.length);
	bytes_free(&out);
}

/* Processes that init adopted and that died. The workload's zombie has a living parent and is not
 * among them. */
static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void serve(int fd)
{
	static char line[65536];
	size_t length = 0;
	char c;

	for (;;) {
		if (read(fd, &c, 1) != 1) {
			usleep(100000);
			continue;
		}
		if (c != '\n') {
			length = length < sizeof line - 1 ? length + 1 : 1;
			line[length - 1] = c;
			continue;
		}
		line[length] = '\0';
		length = 0;
		reap();
		answer(fd, line);
	}
}

/* ---- start
 * -------------------------------------------------------------------------------------------------------
 */

static void mount_all(void)
{
	static const struct {
		const char *path, *type;
	} mounts[] = {
		{"/proc", "proc"}, {"/sys", "sysfs"}, {"/dev", "devtmpfs"}, {"/tmp", "tmpfs"}};

	for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
		mkdir(mounts[i].path, 0755);
		if (mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL) != 0)
			perror(mounts[i].path);
	}
	mkdir("/mnt", 0755);
	/* Kernels without it have no cgroup of a process to tell. */
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
}

/* The kernel gave no standard files if the archive has no /dev/console. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		perror("lo");
	if (fd >= 0)
		close(fd);
}

/* The line for questions is named on the kernel's command line: semgap.tty=ttyS1 */
static int open_line(void)
{
	struct bytes text = {0};
	struct termios mode;
	char path[80] = "/dev/ttyS1", name[64];
	const char *found;

	if (bytes_add_file(&text, "/proc/cmdline") && (found = strstr(text.data, "semgap.tty=")) &&
	    sscanf(found, "semgap.tty=%63s", name) == 1)
		snprintf(path, sizeof path, "/dev/%s", name);
	bytes_free(&text);
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &mode) != 0) {
		perror(path);
		return -1;
	}
	cfmakeraw(&mode);
	cfsetspeed(&mode, B115200);
	mode.c_cflag |= CLOCAL | CREAD;
	tcsetattr(fd, TCSANOW, &mode);
	return fd;
}

/* Asked for on the kernel's command line. */
static bool is_quiet(void)
{
	struct bytes text = {0};
	bool quiet = bytes_add_file(&text, "/proc/cmdline") && strstr(text.data, "semgap.quiet");

	free(text.data);
	return quiet;
}

/* Returns when all processes of the workload stand. */
static void start_workload(void)
{
	int pipes[2];
	char byte;

	if (pipe(pipes) != 0)
		return;
	pid_t child = fork();
	if (child == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execl("/workload", "workload", is_quiet() ? "quiet" : NULL, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	while (read(pipes[0], &byte, 1) == 1 && byte != '\n')
		;
	close(pipes[0]);
}

int main(void)
{
	mount_all();
	open_console();
	if (sethostname("semgap-guest", 12) != 0)
		perror("sethostname");
	loopback_up();
	int line = open_line();
	start_workload();
	reap();
	printf("semgap-guest: %s\n", line >= 0 ? "ready" : "no line for questions");
	fflush(stdout);
	if (line < 0)
		reboot(RB_POWER_OFF);
	serve(line);
}
