/* SPDX-License-Identifier: MIT */
/*
 * The look at a paused guest is a child process; its parent does nothing but wait and let the guest
 * go on. So no crash of the look, no broken pipe and no Ctrl-C leaves the guest standing, and no
 * signal handler has to speak QMP. What ends the parent all the same (SIGKILL) is seen by a third process, the
 * guard, from the end of a pipe; it lets the guest go on then.
 */
#include "cli/guest_pause.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"

/* ---- a file that is cut while it is mapped ---- */

static void on_cut_file(int number)
{
	static const char text[] = "semgap: the guest's memory was cut short while it was read\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
		/* There is nobody to be told. */
	}
	_exit(EXIT_UNUSABLE);
}

void catch_cut_files(void)
{
	struct sigaction action = {.sa_handler = on_cut_file};

	sigaction(SIGBUS, &action, NULL);
}

/* ---- the parent's wait ---- */

/* What would end us while the guest stands, or (Ctrl-Z) leave it standing. */
static const int awaited[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGALRM,
			      SIGUSR1, SIGUSR2, SIGPIPE, SIGTSTP, SIGCHLD};

static void awaited_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(awaited) / sizeof(awaited[0]); i++)
		sigaddset(set, awaited[i]);
}

/* Waits for the child, and hands on to it what is meant to end us. Returns waitpid's status, and
 * the signal that came, or 0. */
static int await_child(pid_t child, const sigset_t *set, int *came)
{
	int status;

	for (;;) {
		siginfo_t info;
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child)
			return status;
		if (ended < 0 && errno != EINTR)
			return EXIT_UNUSABLE << 8;
		if (sigwaitinfo(set, &info) <= 0 || info.si_signo == SIGCHLD ||
		    info.si_signo == SIGTSTP)
			continue;
		*came = info.si_signo;
		kill(child, SIGKILL); /* it holds nothing that needs tidying */
	}
}

static void run_child(const sigset_t *before, guest_look *look, void *context)
{
	sigset_t stop;
	int result;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the guest goes on without us */
	sigprocmask(SIG_SETMASK, before, NULL);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	result = look(context);
	fflush(NULL);
	_exit(result); /* what is open is the parent's */
}

/* Ends as the signal would have ended us. */
static void end_by(int number, const sigset_t *before)
{
	signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, before, NULL);
	raise(number);
}

static int resume(struct gap_source_memory *source)
{
	struct gap_error error = {{0}};
	enum gap_status status = gap_source_memory_resume(source, &error);

	if (status)
		say("the guest may still stand");
	return status ? say_failure(status, &error) : EXIT_DONE;
}

/* ---- the guard ---- */

struct guard {
	pid_t process; /* -1: there is none */
	int pipe;      /* of the parent alone: its end is the parent's */
};

static void run_guard(struct gap_source_memory *source, int from_parent)
{
	char byte;
	ssize_t got;

	setsid(); /* what is sent to the others of the group is not for it */
	close(STDOUT_FILENO);
	do {
		got = read(from_parent, &byte, 1);
	} while (got < 0 && errno == EINTR);
	_exit(got == 1 ? EXIT_DONE : resume(source));
}

static struct guard begin_guard(struct gap_source_memory *source)
{
	struct guard guard = {-1, -1};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return guard;
	guard.process = fork();
	if (guard.process == 0) {
		close(ends[1]);
		run_guard(source, ends[0]);
	}
	close(ends[0]);
	guard.pipe = ends[1];
	return guard;
}

/* The guest goes on, or whoever is asked said why not. */
static void end_guard(const struct guard *guard)
{
	if (guard->pipe >= 0 && write(guard->pipe, "", 1) < 0) {
		/* It is gone: nobody is to be told. */
	}
	if (guard->pipe >= 0)
		close(guard->pipe);
	while (guard->process > 0 && waitpid(guard->process, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static int look_and_wait(struct gap_source_memory *source, const sigset_t *set,
			 const sigset_t *before, guest_look *look, void *context)
{
	int came = 0, status, resumed;
	struct guard guard;
	pid_t child;

	fflush(NULL); /* or what is buffered is written twice */
	guard = begin_guard(source);
	child = fork();
	if (child == 0) {
		close(guard.pipe);
		run_child(before, look, context);
	}
	status = child < 0 ? EXIT_UNUSABLE << 8 : await_child(child, set, &came);
	resumed = resume(source);
	end_guard(&guard);
	if (child < 0)
		say("no second process: %s", strerror(errno));
	if (came)
		end_by(came, before);
	if (WIFSIGNALED(status))
		end_by(WTERMSIG(status), before);
	return resumed ? resumed : WEXITSTATUS(status);
}

int look_paused(struct gap_source_memory *source, guest_look *look, void *context)
{
	struct gap_error error = {{0}};
	sigset_t set, before;
	enum gap_status status;
	int result;

	awaited_set(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	status = gap_source_memory_pause(source, &error);
	if (status) {
		result = say_failure(status, &error);
		resume(source);
	} else {
		result = look_and_wait(source, &set, &before, look, context);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
