/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of the command line of vhost-user-media. */
#ifndef VMEDIA_DAEMON_OPTIONS_H
#define VMEDIA_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include <vmedia/policy.h>
#include <vmedia/serve.h>

struct vmedia_module;

enum daemon_action {
	DAEMON_SERVE,
	DAEMON_HELP, /* --help, of the program or of a kind */
	DAEMON_VERSION,
	DAEMON_CAPABILITIES, /* --print-capabilities */
	DAEMON_REPORT,	     /* --sandbox-report */
	DAEMON_KIND_REPORT,  /* an option of the kind that prints a report */
};

struct daemon_options {
	enum daemon_action action;
	const struct vmedia_module *kind; /* NULL only for an action that needs none */
	const char *module_path; /* folder of modules; NULL: the library's */
	struct vmedia_server_options server;
	gid_t socket_group; /* server.socket_group points here or is NULL */
	struct vmedia_limits limits;
	struct vmedia_policy policy;
	uint64_t region_size; /* bytes */
	int log_level;	      /* enum vmedia_log_level */
	bool sandbox;
	bool strict;	  /* do not serve without each stage of the sandbox */
	const char *user; /* as in struct sandbox */
	int opener;	  /* as in struct vmedia_module_args; set by main.c */
	/* The words after the kind, which the kind parses; kind_argv[0] is its name. */
	int kind_argc;
	char **kind_argv;
};

/*
 * Parse argv into @o. Returns 0, or -EINVAL with a sentence in @why that tells the user what is
 * wrong and what to do.
 */
int daemon_options_parse(struct daemon_options *o, int argc, char **argv, char *why,
			 size_t why_size);
void daemon_options_help(const struct daemon_options *o);

/* True if --@name is one of the options before the kind. */
bool daemon_option_known(const char *name);

/*
 * Parse all of @text as a number with an optional K, M or G (powers of 1024). Returns 0 or -EINVAL.
 */
int daemon_parse_size(const char *text, uint64_t max, uint64_t *value);

#endif /* VMEDIA_DAEMON_OPTIONS_H */
