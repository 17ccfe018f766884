/* SPDX-License-Identifier: MIT */
/*
 * The processes of a test guest: a table of roles, each a process (or a few) in one unusual state
 * that a view has to get right, with a name known in advance. Runs once, as a child of the guest's
 * init, tells it over standard output that all roles stand ("ready\n"), and then sleeps: nothing in
 * here moves afterwards, so two looks see the same.
 *
 * `workload quiet` has a handful of them only. `workload idle NAME ...` is the program that roles execute when they need an executable and
 * arguments of their own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char program[] = "/workload";

/* Every role says once that it stands; the write end is closed in children that must not hold it.
 */
static int ready_fd = -1;

static void name_self(const char *name)
{
	prctl(PR_SET_NAME, name, 0, 0, 0);
}

static void sleep_forever(void)
{
	for (;;)
		pause();
}

static void stand(void)
{
	if (write(ready_fd, "r", 1) != 1)
		_exit(1);
}

static void stand_and_sleep(void)
{
	stand();
	close(ready_fd);
	sleep_forever();
}

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	_exit(1);
}

/* ---- names
 * -------------------------------------------------------------------------------------------------------
 */

static void role_named(const char *name)
{
	name_self(name);
	stand_and_sleep();
}

/* ---- threads
 * -----------------------------------------------------------------------------------------------------
 */

static pthread_barrier_t barrier;

static void *named_thread(void *name)
{
	name_self(name);
	pthread_barrier_wait(&barrier);
	sleep_forever();
	return NULL;
}

static void start_threads(const char *const *names, unsigned count)
{
	pthread_t thread;

	check(pthread_barrier_init(&barrier, NULL, count + 1) == 0, "barrier");
	for (unsigned i = 0; i < count; i++)
		check(pthread_create(&thread, NULL, named_thread, (void *)names[i]) == 0,
		      "pthread_create");
	pthread_barrier_wait(&barrier);
}

static void role_threads(const char *name)
{
	static const char *const names[] = {"thread one", "thread (two)", "thread three 15"};

	name_self(name);
	start_threads(names, 3);
	stand_and_sleep();
}

/* The leader exits alone and stays as a zombie, for its thread lives on. */
static void role_dead_leader(const char *name)
{
	static const char *const names[] = {"lives on"};

	name_self(name);
	start_threads(names, 1);
	stand();
	syscall(SYS_exit, 0);
}

/* ---- identities
 * --------------------------------------------------------------------------------------------------
 */

static void role_ids(const char *name)
{
	name_self(name);
	check(setresgid(2001, 2002, 2003) == 0, "setresgid");
	check(setresuid(1001, 1002, 1003) == 0, "setresuid");
	stand_and_sleep();
}

static void take_root(int signal_number)
{
	(void)signal_number;
	check(setresuid(0, 0, 0) == 0, "setresuid");
}

/*
 * On SIGUSR1 a process without any right of root has them all, and executed nothing: to who reads its
 * credentials that is what an exploit does. A capability that it kept lets it.
 */
static void role_rights(const char *name)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = 1u << CAP_SETUID, .permitted = 1u << CAP_SETUID}};

	name_self(name);
	check(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "PR_SET_KEEPCAPS");
	check(setresuid(1000, 1000, 1000) == 0, "setresuid");
	check(syscall(SYS_capset, &header, kept) == 0, "capset");
	check(signal(SIGUSR1, take_root) != SIG_ERR, "signal");
	stand_and_sleep();
}

/* ---- life and death
 * ---------------------------------------------------------------------------------------------- */

/* A child that is dead and never waited for. WNOWAIT: only look that it is dead by now. */
static void role_zombie(const char *name)
{
	siginfo_t info;
	pid_t child = fork();

	check(child >= 0, "fork");
	if (child == 0) {
		name_self("zombie");
		_exit(7);
	}
	name_self(name);
	check(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0, "waitid");
	stand_and_sleep();
}

static void role_stopped(const char *name)
{
	int status;
	pid_t child = fork();

	check(child >= 0, "fork");
	if (child == 0) {
		close(ready_fd);
		name_self("stopped");
		raise(SIGSTOP);
		sleep_forever();
	}
	name_self(name);
	check(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status), "waitpid");
	stand_and_sleep();
}

/* Forks the process to be traced, and writes its pid to a file. */
static void traced_parent(void)
{
	name_self("traced parent");
	pid_t child = fork();
	check(child >= 0, "fork");
	if (child == 0)
		role_named("traced");
	FILE *file = fopen("/tmp/traced.new", "w");
	check(file && fprintf(file, "%d\n", child) > 0 && fclose(file) == 0, "/tmp/traced.new");
	check(rename("/tmp/traced.new", "/tmp/traced") == 0, "/tmp/traced");
	stand_and_sleep();
}

/* Traces its child's child, whose `parent` and `real_parent` so differ, and whose state is t. */
static void role_tracer(const char *name)
{
	int status, traced = 0;
	FILE *file;
	pid_t child = fork();

	check(child >= 0, "fork");
	if (child == 0)
		traced_parent();
	name_self(name);
	while (!(file = fopen("/tmp/traced", "r")))
		usleep(10000);
	check(fscanf(file, "%d", &traced) == 1, "/tmp/traced");
	fclose(file);
	check(ptrace(PTRACE_ATTACH, traced, NULL, NULL) == 0, "ptrace");
	check(waitpid(traced, &status, __WALL) == traced, "waitpid");
	stand_and_sleep();
}

/* The parent of a vforked child waits in state D for as long as the child does neither execute nor
 * exit. */
static void role_vfork(const char *name)
{
	name_self(name);
	pid_t child = vfork();
	check(child >= 0, "vfork");
	if (child == 0) {
		name_self("vfork child");
		stand_and_sleep();
	}
	sleep_forever();
}

/* Its parent exits at once: init adopts it. */
static void role_orphan(const char *name)
{
	pid_t first = getpid();
	pid_t child = fork();

	check(child >= 0, "fork");
	if (child != 0)
		_exit(0);
	name_self(name);
	while (getppid() == first)
		usleep(10000);
	stand_and_sleep();
}

/* ---- namespaces
 * --------------------------------------------------------------------------------------------------
 */

static void role_pid_namespace(const char *name)
{
	name_self(name);
	check(unshare(CLONE_NEWPID) == 0, "unshare");
	pid_t first = fork();
	check(first >= 0, "fork");
	if (first == 0) {
		name_self("pidns init");
		pid_t child = fork();
		check(child >= 0, "fork");
		if (child == 0)
			role_named("pidns child");
		stand_and_sleep();
	}
	close(ready_fd);
	sleep_forever();
}

static void role_mount_namespace(const char *name)
{
	name_self(name);
	check(unshare(CLONE_NEWNS) == 0, "unshare");
	check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount private");
	check(mount("private", "/mnt", "tmpfs", 0, "size=64k") == 0, "mount tmpfs");
	stand_and_sleep();
}

/* A cgroup two levels down, the inner with a blank in its name. */
static void role_cgroup(const char *name)
{
	name_self(name);
	mkdir("/sys/fs/cgroup/outer", 0755);
	mkdir("/sys/fs/cgroup/outer/in ner", 0755);
	FILE *file = fopen("/sys/fs/cgroup/outer/in ner/cgroup.procs", "w");
	if (!file || fprintf(file, "0\n") < 0 || fclose(file) != 0)
		fprintf(stderr, "workload: no cgroups here\n");
	stand_and_sleep();
}

/* ---- executables
 * -------------------------------------------------------------------------------------------------
 */

static void execute_idle(const char *path, char *const argv[])
{
	fcntl(ready_fd, F_SETFD, 0);
	execv(path, argv);
	check(false, path);
}

static void ready_environment(void)
{
	char text[16];

	snprintf(text, sizeof text, "%d", ready_fd);
	setenv("READY_FD", text, 1);
}

/* Arguments with spaces, tabs, a newline, bytes that are not UTF-8, an empty one, and one longer
 * than a page. */
static void role_arguments(const char *name)
{
	static char longer[5001];
	char *argv[] = {(char *)"workload",   (char *)"idle", (char *)name,
			(char *)"two words",  (char *)"",     (char *)"tab\tline\n",
			(char *)"\xff\xfe\\", longer,         NULL};

	memset(longer, 'x', sizeof longer - 1);
	ready_environment();
	execute_idle(program, argv);
}

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	ssize_t length;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	check(in >= 0 && out >= 0, to);
	while ((length = read(in, block, sizeof block)) > 0)
		check(write(out, block, (size_t)length) == length, to);
	close(in);
	check(close(out) == 0, to);
}

/* Runs from a file that is deleted afterwards (by itself: idle unlinks what GONE names). */
static void role_gone_executable(const char *name)
{
	char *argv[] = {(char *)"gone", (char *)"idle", (char *)name, NULL};

	copy_file(program, "/tmp/gone exe");
	setenv("GONE", "/tmp/gone exe", 1);
	ready_environment();
	execute_idle("/tmp/gone exe", argv);
}

/* Arguments and environment lie one behind the other. */
static void write_title(char *arguments)
{
	const char *title = getenv("TITLE");

	if (title)
		strcpy(arguments, strdup(title));
}

static int idle(char *arguments, const char *name)
{
	const char *gone = getenv("GONE");
	const char *fd = getenv("READY_FD");

	name_self(name);
	ready_fd = fd ? atoi(fd) : -1;
	write_title(arguments);
	if (gone)
		check(unlink(gone) == 0, gone);
	stand_and_sleep();
	return 0;
}

/* ---- files
 * -------------------------------------------------------------------------------------------------------
 */

static int make_file(const char *path, int flags, size_t size)
{
	int fd = open(path, O_CREAT | O_RDWR | flags, 0640);

	check(fd >= 0 && ftruncate(fd, (off_t)size) == 0, path);
	return fd;
}

static void role_files(const char *name)
{
	const size_t page = 65536; /* of any architecture's pages */
	int pipes[2];

	name_self(name);
	make_file("/tmp/deleted file", 0, 4096);
	check(unlink("/tmp/deleted file") == 0, "unlink");
	check(lseek(make_file("/tmp/positioned", O_APPEND, 1000), 123, SEEK_SET) == 123, "lseek");
	check(pipe(pipes) == 0, "pipe");
	check(dup2(make_file("/tmp/number 300", O_CLOEXEC, 0), 300) == 300,
	      "dup2"); /* a descriptor table grown twice */
	int mapped = make_file("/tmp/mapped", 0, 3 * page);
	char *view = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, (off_t)page);
	check(view != MAP_FAILED, "mmap");
	strcpy(view, "semgap mapped page");
	close(mapped);
	char *private =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(private != MAP_FAILED, "mmap");
	strcpy(private, "semgap anonymous page");
	check(mkdir("/tmp/folder", 0755) == 0 && chdir("/tmp/folder") == 0, "/tmp/folder");
	stand_and_sleep();
}

/* Files without a place, and places with unusual names. What an old kernel lacks is left out. */
static void role_odd_files(const char *name)
{
	static const char *const names[] = {"/tmp/ends so (deleted)", "/tmp/back\\slash",
					    "/tmp/new\nline\ttab \xff", "/tmp/gone folder/inside"};
	sigset_t signals;
	int pair[2];

	name_self(name);
	check(mkdir("/tmp/gone folder", 0755) == 0, "mkdir");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		make_file(names[i], 0, 10);
	check(open("/tmp/gone folder", O_RDONLY | O_DIRECTORY) >= 0, "open");
	check(unlink("/tmp/gone folder/inside") == 0 && rmdir("/tmp/gone folder") == 0, "rmdir");
	open("/tmp", O_PATH);
	open("/", O_RDONLY | O_DIRECTORY);
	open("/proc/self/ns/mnt", O_RDONLY);
	open("/proc/self/ns/user", O_RDONLY);
	open("/proc/1/status", O_RDONLY);
	open("/sys/kernel/uevent_seqnum", O_RDONLY);
	memfd_create("memory (file)", 0);
	epoll_create1(EPOLL_CLOEXEC);
	eventfd(3, EFD_NONBLOCK);
	timerfd_create(CLOCK_MONOTONIC, 0);
	inotify_init();
	sigemptyset(&signals);
	signalfd(-1, &signals, 0);
	syscall(434, getpid(), 0); /* pidfd_open */
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	stand_and_sleep();
}

/* Mappings of every kind; the last page of each group has other rights, so that none are merged. */
static void role_odd_maps(const char *name)
{
	const size_t page = 65536; /* of any architecture's pages */
	int memory = memfd_create("mapped memory", 0);
	int gone = make_file("/tmp/gone mapping", 0, 4 * page);
	char *shared, *named;

	name_self(name);
	check(ftruncate(memory, (off_t)page) == 0, "ftruncate");
	mmap(NULL, page, PROT_READ, MAP_SHARED, memory, 0);
	mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, gone, (off_t)page);
	mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, gone, (off_t)(2 * page));
	check(unlink("/tmp/gone mapping") == 0, "unlink");
	shared = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	named = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(shared, page, PROT_READ);
	prctl(0x53564d41, 0, named, page, "a name of its own"); /* PR_SET_VMA_ANON_NAME */
	prctl(0x53564d41, 0, shared, page, "shared name");
	for (size_t i = 0; i < 200; i++) { /* so many that the tree has levels */
		char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(two, page, i % 2 ? PROT_READ : PROT_NONE);
	}
	stand_and_sleep();
}

/* Writes a title over its arguments, without a zero byte where they ended. */
static void role_title(const char *name)
{
	char *argv[] = {(char *)"title", (char *)"idle", (char *)name, NULL};

	setenv("TITLE", "a title that is longer than the arguments were", 1);
	ready_environment();
	execute_idle(program, argv);
}

static void role_chroot(const char *name)
{
	name_self(name);
	check(mkdir("/tmp/new root", 0755) == 0 && mkdir("/tmp/new root/inner", 0755) == 0,
	      "mkdir");
	check(mount("inner", "/tmp/new root/inner", "tmpfs", MS_NOSUID, "size=64k") == 0, "mount");
	check(chroot("/tmp/new root") == 0 && chdir("/") == 0, "chroot");
	make_file("/inner/file", 0, 1);
	stand_and_sleep();
}

/* Mounts with every flag, in the namespace of all; one lies over another, one is a part of a file
 * system, one's source is a folder with a blank. */
static void role_mounts(const char *name)
{
	name_self(name);
	check(mkdir("/tmp/a mount", 0755) == 0 && mkdir("/tmp/a part", 0755) == 0, "mkdir");
	check(mount("some where", "/tmp/a mount", "tmpfs",
		    MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_SYNCHRONOUS |
			    MS_DIRSYNC,
		    "size=64k") == 0,
	      "mount");
	check(mount("over it", "/tmp/a mount", "tmpfs", MS_RDONLY, "size=64k") == 0, "mount");
	check(mount("/tmp/folder", "/tmp/a part", NULL, MS_BIND, NULL) == 0, "bind");
	check(mount(NULL, "/tmp/a part", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID,
		    NULL) == 0,
	      "remount");
	check(open("/tmp/a mount", O_RDONLY | O_DIRECTORY) >= 0, "/tmp/a mount");
	stand_and_sleep();
}

/* ---- sockets
 * -----------------------------------------------------------------------------------------------------
 */

static struct sockaddr_in loopback(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int socket_bound(int type, unsigned port)
{
	struct sockaddr_in address = loopback(port);
	int one = 1, fd = socket(AF_INET, type, 0);

	check(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	check(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
	return fd;
}

/* A listener on 8080, an established connection 40000 -> 8080 with 11 bytes not yet read. */
static void tcp_sockets(void)
{
	struct sockaddr_in address = loopback(8080);
	int listener = socket_bound(SOCK_STREAM, 8080);

	check(listen(listener, 5) == 0, "listen");
	int client = socket_bound(SOCK_STREAM, 40000);
	check(connect(client, (struct sockaddr *)&address, sizeof address) == 0, "connect");
	check(accept(listener, NULL, NULL) >= 0, "accept");
	check(write(client, "hello guest", 11) == 11, "write");
}

static void tcp6_listener(void)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons(8086), .sin6_addr = in6addr_any};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, 1) != 0)
		fprintf(stderr, "workload: no IPv6 here\n"); /* a module in some kernels */
}

static void unix_socket(const char *path, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, length);
	check(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 3) == 0,
	      "unix socket");
	check(connect(client, (struct sockaddr *)&address, size) == 0, "unix connect");
	check(accept(fd, NULL, NULL) >= 0, "unix accept");
}

/* A datagram socket of each family, the first connected; a connection over IPv6 that nobody
 * accepts. */
static void more_sockets(void)
{
	struct sockaddr_in peer = loopback(9);
	struct sockaddr_in6 address6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(8086), .sin6_addr = in6addr_loopback};
	int pair[2], fd = socket_bound(SOCK_DGRAM, 5454);

	check(connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0, "udp connect");
	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "socketpair");
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address6, sizeof address6) != 0)
		fprintf(stderr, "workload: no IPv6 connection here\n");
	address6.sin6_port = htons(5656);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address6, sizeof address6) != 0)
		fprintf(stderr, "workload: no IPv6 datagrams here\n");
}

/* Raw sockets of a protocol for experiments, a packet socket on the loopback's interface, a netlink socket
 * with a port of its own. */
static void link_sockets(void)
{
	struct sockaddr_ll link = {
		.sll_family = AF_PACKET, .sll_protocol = htons(0x88b5), .sll_ifindex = 1};
	struct sockaddr_nl port = {.nl_family = AF_NETLINK, .nl_pid = 424242};
	int fd = socket(AF_INET, SOCK_RAW, 253);

	check(fd >= 0, "raw socket");
	if (socket(AF_INET6, SOCK_RAW, 254) < 0)
		fprintf(stderr, "workload: no raw IPv6 here\n");
	fd = socket(AF_PACKET, SOCK_RAW, htons(0x88b5));
	if (fd < 0 || bind(fd, (struct sockaddr *)&link, sizeof link) != 0)
		fprintf(stderr,
			"workload: no packet sockets here\n"); /* a module in some kernels */
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	check(fd >= 0 && bind(fd, (struct sockaddr *)&port, sizeof port) == 0, "netlink");
}

static void role_sockets(const char *name)
{
	name_self(name);
	tcp_sockets();
	tcp6_listener();
	more_sockets();
	link_sockets();
	socket_bound(SOCK_DGRAM, 5353);
	unix_socket("/tmp/unix socket", sizeof "/tmp/unix socket");
	unix_socket("\0abstract name", sizeof "\0abstract name" - 1);
	stand_and_sleep();
}

/* A network namespace of its own, and a socket that two processes hold. */
static void role_network_namespace(const char *name)
{
	name_self(name);
	check(unshare(CLONE_NEWNET) == 0, "unshare");
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9090)};
	check(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
		      listen(fd, 1) == 0,
	      "listen");
	pid_t child = fork();
	check(child >= 0, "fork");
	if (child == 0)
		role_named("net ns child");
	stand_and_sleep();
}

/* ---- the table
 * ---------------------------------------------------------------------------------------------------
 */

/* `stands`: how many processes of the role say that they stand. */
static const struct role {
	const char *name;
	void (*run)(const char *name);
	unsigned stands;
	bool quiet; /* also in a guest of which little is asked */
} roles[] = {
	{"a b c d e f g h", role_named, 1, true}, /* spaces, and all 15 bytes */
	{"p) R 1 (q", role_named, 1,
	 false}, /* breaks who looks for the first ')' of /proc/PID/stat */
	{"\xc3\xa9\x01\t\n\xff\\\x7f", role_named, 1,
	 false},                   /* UTF-8, control characters, not UTF-8, a backslash */
	{"", role_named, 1, true}, /* no name at all */
	{"threads", role_threads, 1, false},
	{"dead leader", role_dead_leader, 1, false},
	{"ids", role_ids, 1, false},
	{"rights", role_rights, 1, false},
	{"zombie parent", role_zombie, 1, false},
	{"stopped parent", role_stopped, 1, false},
	{"tracer", role_tracer, 3, false},
	{"vfork parent", role_vfork, 1, false},
	{"orphan", role_orphan, 1, true},
	{"pidns parent", role_pid_namespace, 2, false},
	{"mount ns", role_mount_namespace, 1, false},
	{"arguments", role_arguments, 1, false},
	{"gone", role_gone_executable, 1, false},
	{"files", role_files, 1, true},
	{"odd files", role_odd_files, 1, false},
	{"odd maps", role_odd_maps, 1, false},
	{"title", role_title, 1, false},
	{"chroot", role_chroot, 1, false},
	{"mounts", role_mounts, 1, true},
	{"sockets", role_sockets, 1, false},
	{"cgroup", role_cgroup, 1, false},
	{"net ns", role_network_namespace, 2, false},
};

/* One role after the other, each only when the one before stands: pids come in the order of the
 * table. */
static bool start(const struct role *role)
{
	int pipes[2];
	char byte;
	bool good = true;

	check(pipe2(pipes, O_CLOEXEC) == 0, "pipe");
	pid_t child = fork();
	check(child >= 0, "fork");
	if (child == 0) {
		close(pipes[0]);
		ready_fd = pipes[1];
		role->run(role->name);
		_exit(0);
	}
	close(pipes[1]);
	for (unsigned i = 0; i < role->stands && good; i++)
		good = read(pipes[0], &byte, 1) == 1;
	close(pipes[0]);
	if (role->run == role_orphan)
		waitpid(child, NULL, 0);
	return good;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "idle") == 0)
		return idle(argv[0], argv[2]);
	bool quiet = argc >= 2 && strcmp(argv[1], "quiet") == 0;
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if ((roles[i].quiet || !quiet) && !start(&roles[i]))
			fprintf(stderr, "workload: \"%s\" does not stand\n", roles[i].name);
	check(write(STDOUT_FILENO, "ready\n", 6) == 6, "write");
	close(STDOUT_FILENO);
	sleep_forever();
	return 0;
}
