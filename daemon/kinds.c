/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of device, by name, and their options; see kinds.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/camera.h>

#include "kinds.h"
#include "sandbox/calls.h"

#define HELP "see vhost-user-media"

static int check_lists(const struct vmedia_module *kind, const char *start, const char *serve,
		       char *why, size_t size)
{
	const char *const lists[] = { start, serve };
	char reason[256];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!lists[i] || sandbox_calls_check(lists[i], reason, sizeof(reason)) == 0)
			continue;
		snprintf(why, size, "the module %s lists a system call wrongly: %s; build it with "
			 "a list as in <vmedia/module.h>", kind->name, reason);
		return -EINVAL;
	}
	return 0;
}

/* Check that the lists of system calls are written right. */
static int check_calls(const struct vmedia_module *kind, char *why, size_t size)
{
	const struct vmedia_module_mode *m = kind->modes;
	int ret = check_lists(kind, kind->syscalls_start, kind->syscalls, why, size);

	for (; ret == 0 && m && m->option; m++)
		ret = check_lists(kind, m->syscalls_start, m->syscalls, why, size);
	return ret;
}

int daemon_kind_find(const char *folder, const char *name, const struct vmedia_module **kind,
		     char *why, size_t why_size)
{
	char reason[512];
	int ret;

	*kind = vmedia_camera_module();
	if (!strcmp(name, (*kind)->name))
		return 0;
	ret = vmedia_module_load(folder, name, reason, sizeof(reason), kind);
	if (ret == -EINVAL)
		snprintf(why, why_size, "unknown kind of device '%.64s'; " HELP " --help", name);
	else if (ret == -ENOENT)
		snprintf(why, why_size, "unknown kind of device '%s': %s; " HELP " --help", name,
			 reason);
	else if (ret < 0)
		snprintf(why, why_size, "%s", reason);
	if (ret < 0)
		return ret;
	if ((*kind)->create)
		return check_calls(*kind, why, why_size);
	snprintf(why, why_size, "'%s' is no kind of device but a source of the camera; " HELP
		 " camera --help", name);
	return -EINVAL;
}

/* ---- Help ---- */

static void show_kind(void *opaque, const char *name, const struct vmedia_module *module,
		      const char *why)
{
	if (!module)
		printf("  %-22s not served: %s\n", name, why);
	else if (module->create)
		printf("  %-22s %s\n", name, module->summary);
}

void daemon_kinds_help(const char *folder)
{
	const struct vmedia_module *camera = vmedia_camera_module();
	int ret;

	show_kind(NULL, camera->name, camera, NULL);
	ret = vmedia_module_each(folder, show_kind, NULL);
	/* The library's own folder exists only if a module is installed. */
	if (ret < 0 && folder)
		printf("  none of --module-path=%s: %s; give the folder of the modules\n", folder,
		       strerror(-ret));
}

void daemon_kind_help(const struct vmedia_module *kind)
{
	const struct vmedia_module_option *o = kind->options;
	char left[64];

	printf("Usage: vhost-user-media --socket-path=PATH %s%s\n", kind->name,
	       o && o->name ? " [OPTIONS]\n\nOptions:" : "");
	for (; o && o->name; o++) {
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? "=" : "",
			 o->value ? o->value : "");
		printf("  %-26s %s\n", left, o->help);
	}
	printf("\nExample: vhost-user-media --socket-path=/run/%s.sock %s%s%s\n", kind->name,
	       kind->name, kind->example ? " " : "", kind->example ? kind->example : "");
}

/* ---- Options ---- */

static const struct vmedia_module_option *find_option(const struct vmedia_module *kind,
						      const char *name, size_t len)
{
	const struct vmedia_module_option *o = kind->options;

	for (; o && o->name; o++)
		if (strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	return NULL;
}

static int unknown(const struct vmedia_module *kind, const char *word, char *why, size_t size)
{
	char name[64] = "";

	if (!strncmp(word, "--", 2))
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	if (daemon_option_known(name))
		snprintf(why, size,
			 "--%s goes before the kind of device, as in vhost-user-media --%s ... %s",
			 name, name, kind->name);
	else
		snprintf(why, size, "unknown option '%.200s' of the %s; " HELP " %s --help", word,
			 kind->name, kind->name);
	return -EINVAL;
}

/*
 * Split "--name=value" or "--name" "value" into @v. Returns the number of words used, or -EINVAL.
 */
static int split(const struct vmedia_module *kind, int argc, char **argv,
		 struct vmedia_module_value *v, char *why, size_t size)
{
	const struct vmedia_module_option *o = NULL;
	const char *word = argv[0], *eq = strchr(word, '=');

	if (!strncmp(word, "--", 2))
		o = find_option(kind, word + 2, eq ? (size_t)(eq - word) - 2 : strlen(word) - 2);
	else if (kind->node) {
		*v = (struct vmedia_module_value){ kind->node, word };
		return 1;
	}
	if (!o)
		return unknown(kind, word, why, size);
	v->name = o->name;
	if (!o->value && eq) {
		snprintf(why, size, "--%s takes no value; " HELP " %s --help", o->name, kind->name);
		return -EINVAL;
	}
	v->value = "";
	if (!o->value)
		return 1;
	v->value = eq ? eq + 1 : argc > 1 ? argv[1] : "";
	return eq || argc == 1 ? 1 : 2;
}

/* Split the options of o->kind into @args, whose values are to be freed. */
static int split_all(const struct daemon_options *o, struct vmedia_module_args *args, char *why,
		     size_t why_size)
{
	struct vmedia_module_value *values =
		calloc((size_t)o->kind_argc, sizeof(struct vmedia_module_value));
	int ret = values ? 0 : -ENOMEM, n;

	*args = (struct vmedia_module_args){
		.limits = &o->limits,
		.region_size = o->region_size,
		.module_path = o->module_path,
		.opener = o->opener,
		.values = values,
	};
	for (int i = 1; ret == 0 && i < o->kind_argc; i += n) {
		n = split(o->kind, o->kind_argc - i, o->kind_argv + i, &values[args->num_values++],
			  why, why_size);
		if (n < 0)
			ret = n;
	}
	return ret;
}

/* ---- Modes ---- */

/* The mode of an option that asks for a report, or NULL. */
static const struct vmedia_module_mode *find_report(const struct daemon_options *o,
						    const struct vmedia_module_args *args)
{
	const struct vmedia_module_mode *m = o->kind->modes;

	for (; m && m->option; m++)
		if (m->report && vmedia_module_value(args, m->option))
			return m;
	return NULL;
}

bool daemon_kind_reports(const struct daemon_options *o)
{
	struct vmedia_module_args args;
	char why[512];
	bool found = split_all(o, &args, why, sizeof(why)) == 0 && find_report(o, &args);

	free((void *)args.values);
	return found;
}

int daemon_kind_report(const struct daemon_options *o, char *why, size_t why_size)
{
	struct vmedia_module_args args;
	int ret = split_all(o, &args, why, why_size);

	if (ret == 0)
		ret = find_report(o, &args)->report(&args, why, why_size);
	free((void *)args.values);
	return ret;
}

/* Append @more to @list. Returns 0 or -ENOMEM. */
static int append(char **list, const char *more)
{
	char *longer;

	if (!more)
		return 0;
	if (asprintf(&longer, "%s %s", *list ? *list : "", more) < 0)
		return -ENOMEM;
	free(*list);
	*list = longer;
	return 0;
}

int daemon_kind_calls(const struct daemon_options *o, char **start, char **serve)
{
	const struct vmedia_module_mode *m = o->kind->modes;
	struct vmedia_module_args args;
	char why[512];
	int ret = split_all(o, &args, why, sizeof(why));

	*start = *serve = NULL;
	if (ret == 0)
		ret = append(start, o->kind->syscalls_start);
	if (ret == 0)
		ret = append(serve, o->kind->syscalls);
	for (; ret == 0 && m && m->option; m++) {
		if (!vmedia_module_value(&args, m->option))
			continue;
		ret = append(start, m->syscalls_start);
		if (ret == 0)
			ret = append(serve, m->syscalls);
	}
	free((void *)args.values);
	return ret;
}

int daemon_kind_node(const struct daemon_options *o, const char **node)
{
	struct vmedia_module_args args;
	char why[512];
	int ret = split_all(o, &args, why, sizeof(why));

	*node = NULL;
	if (ret == 0 && o->kind->node)
		*node = vmedia_module_value(&args, o->kind->node);
	free((void *)args.values);
	return ret;
}

int daemon_kind_socket(const struct daemon_options *o, const char **path)
{
	struct vmedia_module_args args;
	char why[512];
	int ret = split_all(o, &args, why, sizeof(why));

	*path = NULL;
	if (ret == 0 && o->kind->socket)
		*path = o->kind->socket(&args);
	free((void *)args.values);
	return ret;
}

/* ---- The device ---- */

int daemon_kind_prepare(const struct daemon_options *o, char *why, size_t why_size)
{
	struct vmedia_module_args args;
	int ret = split_all(o, &args, why, why_size);

	if (ret == 0 && o->kind->prepare)
		ret = o->kind->prepare(&args, why, why_size);
	free((void *)args.values);
	return ret;
}

int daemon_kind_create(struct vmedia_loop *loop, const struct daemon_options *o, char *why,
		       size_t why_size, struct vmedia_device **dev)
{
	struct vmedia_module_args args;
	int ret = split_all(o, &args, why, why_size);

	args.loop = loop;
	if (ret == 0)
		ret = o->kind->create(&args, why, why_size, dev);
	free((void *)args.values);
	return ret;
}
