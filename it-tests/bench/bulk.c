/*
 * bulk - files over the loopback into files that are synced, by nothing but system calls: what the disk, the loopback and
 * the processors of a machine give to a recovery, at most.
 *
 * Build:  cc -O2 -Wall -pthread -o bulk bulk.c
 * Usage:  bulk serve PORT STREAMS FILE...    sends each file once, over as many connections; ends then
 *         bulk fetch FOLDER STREAMS PORT...  takes from each port over as many connections, and prints one line:
 *                                            MiB, seconds, seconds of CPU of this process
 * Every file has 4 MiB. Exit 1 on any error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES = 4 << 20 };

struct stream {
	pthread_t thread;
	int fd, number, streams, count;
	char **files;
	const char *folder;
	int port, fetched;
};

static void die(const char *what)
{
	fprintf(stderr, "bulk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t read_all(int fd, char *into, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t n = read(fd, into + done, length - done);
		if (n < 0 && errno != EINTR) die("read");
		if (n == 0) break;
		if (n > 0) done += n;
	}
	return done;
}

static void write_all(int fd, const char *from, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, from, length);
		if (n < 0 && errno != EINTR) die("write");
		if (n > 0) from += n, length -= n;
	}
}

static void *send_files(void *argument)
{
	struct stream *s = argument;
	char *content = malloc(FILE_BYTES);
	if (!content) die("memory");
	for (int i = s->number; i < s->count; i += s->streams) {
		int file = open(s->files[i], O_RDONLY);
		if (file < 0 || read_all(file, content, FILE_BYTES) != FILE_BYTES) die(s->files[i]);
		close(file);
		write_all(s->fd, content, FILE_BYTES);
	}
	close(s->fd);
	free(content);
	return NULL;
}

static void *take_files(void *argument)
{
	struct stream *s = argument;
	char *content = malloc(FILE_BYTES), path[4096];
	if (!content) die("memory");
	for (;;) {
		size_t n = read_all(s->fd, content, FILE_BYTES);
		if (n == 0) break;
		if (n != FILE_BYTES) die("a file cut short");
		snprintf(path, sizeof path, "%s/%d.%d.%d", s->folder, s->port, s->number, s->fetched++);
		int file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0640);
		if (file < 0) die(path);
		write_all(file, content, FILE_BYTES);
		if (fsync(file) < 0) die("fsync");
		close(file);
	}
	close(s->fd);
	free(content);
	return NULL;
}

static int number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (*end || n < 1 || n > 65535) {
		fprintf(stderr, "bulk: not a number: %s\n", text);
		exit(2);
	}
	return n;
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	return at;
}

static void serve(int port, int streams, int count, char **files)
{
	struct stream *all = calloc(streams, sizeof *all);
	struct sockaddr_in at = loopback(port);
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	if (!all || listener < 0) die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, streams) < 0) die("listen");
	for (int i = 0; i < streams; i++) {
		all[i] = (struct stream){ .number = i, .streams = streams, .count = count, .files = files };
		all[i].fd = accept(listener, NULL, NULL);
		if (all[i].fd < 0) die("accept");
		if (pthread_create(&all[i].thread, NULL, send_files, &all[i])) die("thread");
	}
	for (int i = 0; i < streams; i++) pthread_join(all[i].thread, NULL);
}

static void fetch(const char *folder, int streams, int count, char **ports)
{
	struct stream *all = calloc(streams * count, sizeof *all);
	struct timespec began, ended;
	struct rusage used;
	long files = 0;
	if (!all) die("memory");
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < streams * count; i++) {
		struct sockaddr_in at = loopback(number(ports[i % count]));
		all[i] = (struct stream){ .number = i, .folder = folder, .port = ntohs(at.sin_port) };
		all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
		if (all[i].fd < 0 || connect(all[i].fd, (struct sockaddr *)&at, sizeof at) < 0) die("connect");
		if (pthread_create(&all[i].thread, NULL, take_files, &all[i])) die("thread");
	}
	for (int i = 0; i < streams * count; i++) {
		pthread_join(all[i].thread, NULL);
		files += all[i].fetched;
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	getrusage(RUSAGE_SELF, &used);
	printf("%ld %.2f %.2f\n", files * (FILE_BYTES >> 20),
	       ended.tv_sec - began.tv_sec + (ended.tv_nsec - began.tv_nsec) / 1e9,
	       used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

int main(int count, char **words)
{
	if (count >= 5 && !strcmp(words[1], "serve")) {
		serve(number(words[2]), number(words[3]), count - 4, words + 4);
	} else if (count >= 5 && !strcmp(words[1], "fetch")) {
		fetch(words[2], number(words[3]), count - 4, words + 4);
	} else {
		fprintf(stderr, "usage: bulk serve PORT STREAMS FILE... | bulk fetch FOLDER STREAMS PORT...\n");
		return 2;
	}
	return 0;
}
