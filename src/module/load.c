// SPDX-License-Identifier: BSD-3-Clause
/*
 * Find modules by name, check and map them.
 *
 * What is mapped stays, so what was loaded once is remembered: a program that has become another
 * user may not be able to look into the folder again.
 */
#include <vmedia/module.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "module/trust.h"
#include "module/whole.h"

#define SUFFIX	 ".so"
#define MAX_NAME 63

/* The folder that is searched for modules. */
struct place {
	char folder[PATH_MAX];	/* absolute, without links */
	bool elsewhere;		/* the folders above it are not the library's */
	bool trusted;		/* not checked, see vmedia_module_load() */
};

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len && len <= MAX_NAME && !name[len] && name[0] != '-';
}

/* Get the folder "vmedia" beside the file that contains this function. */
static int own_folder(struct place *p, char *folder, size_t size)
{
	const char *slash;
	struct stat st;
	Dl_info info;

	if (!dladdr((const void *)&vmedia_module_load, &info) || !info.dli_fname)
		return -ENOENT;
	p->trusted = stat(info.dli_fname, &st) == 0 && st.st_uid != 0;
	slash = strrchr(info.dli_fname, '/');
	if ((size_t)snprintf(folder, size, "%.*svmedia",
			     slash ? (int)(slash + 1 - info.dli_fname) : 0,
			     info.dli_fname) >= size)
		return -ENAMETOOLONG;
	p->elsewhere = lstat(folder, &st) == 0 && S_ISLNK(st.st_mode);
	return 0;
}

static int find_place(const char *given, struct place *p, char *why, size_t why_size)
{
	char own[PATH_MAX] = "";
	int err = 0;

	*p = (struct place){ .elsewhere = given };
	if (!given)
		err = own_folder(p, own, sizeof(own));
	if (!err && !realpath(given ? given : own, p->folder))
		err = -errno;
	if (err)
		snprintf(why, why_size,
			 "the folder of modules %.256s: %s; give one by --module-path",
			 given ? given : own, strerror(-err));
	return err;
}

/*
 * Check that others cannot have written @path. It is in the folder of @p, or a link there leads to
 * it.
 */
static int check_trust(const struct place *p, const char *path, bool is_link, char *why,
		       size_t why_size)
{
	int ret = 0;

	if (p->trusted)
		return 0;
	if (p->elsewhere)
		ret = vmedia_trust_parents(p->folder, why, why_size);
	if (ret == 0)
		ret = vmedia_trust_path(p->folder, why, why_size);
	if (ret == 0 && is_link)
		ret = vmedia_trust_parents(path, why, why_size);
	if (ret == 0)
		ret = vmedia_trust_path(path, why, why_size);
	return ret;
}

static int check_module(const struct vmedia_module *m, const char *path, const char *name,
			char *why, size_t why_size)
{
	if (!m) {
		snprintf(why, why_size,
			 "%s has no symbol vmedia_module: give a module, made with "
			 "<vmedia/module.h>",
			 path);
		return -ENOEXEC;
	}
	if (m->abi != VMEDIA_MODULE_ABI) {
		snprintf(why, why_size,
			 "%s is of module ABI %u, this vmedia has %u: build it again for this one",
			 path, (unsigned int)m->abi, VMEDIA_MODULE_ABI);
		return -ENOEXEC;
	}
	if (!m->name || strcmp(m->name, name)) {
		snprintf(why, why_size, "%s is the module \"%s\": rename it to %s" SUFFIX, path,
			 m->name ? m->name : "", m->name ? m->name : "its name");
		return -ENOEXEC;
	}
	if (m->create || m->camera_source)
		return 0;
	snprintf(why, why_size, "%s makes no device: build it with a create()", path);
	return -ENOEXEC;
}

/*
 * Map the file and look up all symbols now. A missing one is an error here; later it would end the
 * process at its first use.
 */
static int map(const char *path, const char *name, char *why, size_t why_size,
	       const struct vmedia_module **module)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int ret;

	if (!handle) {
		const char *said = dlerror();
		bool itself = !strncmp(said, path, strlen(path));

		snprintf(why, why_size, "%s%s%s; %s", itself ? "" : path, itself ? "" : ": ", said,
			 itself ? "give a module, made with <vmedia/module.h> for this vmedia"
				: "install what the module needs");
		return -ENOEXEC;
	}
	*module = dlsym(handle, "vmedia_module");
	ret = check_module(*module, path, name, why, why_size);
	if (ret < 0)
		dlclose(handle);
	return ret;
}

static int load_from(const struct place *p, const char *name, char *why, size_t why_size,
		     const struct vmedia_module **module)
{
	char file[PATH_MAX + MAX_NAME + sizeof("/" SUFFIX)], path[PATH_MAX];
	struct stat st;
	int err;

	snprintf(file, sizeof(file), "%s/%s" SUFFIX, p->folder, name);
	if (!realpath(file, path)) {
		err = errno;
		snprintf(why, why_size, "there is no module %s: %s; install it, or give its folder "
			 "by --module-path", file, strerror(err));
		return -err;
	}
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		snprintf(why, why_size, "%s is no file: give a module", path);
		return -ENOEXEC;
	}
	err = check_trust(p, path, strcmp(path, file) != 0, why, why_size);
	if (err)
		return err;
	err = vmedia_module_whole(path);
	if (err == 0)
		return map(path, name, why, why_size, module);
	snprintf(why, why_size, "%s: %s; install it again, so that it can be read", path,
		 err == -ENODATA ? "its end is missing" : strerror(-err));
	return err == -ENODATA ? -ENOEXEC : err;
}

struct loaded {
	struct loaded *next;
	const struct vmedia_module *module;
	char *folder; /* as given; empty: the default */
};

static struct {
	pthread_mutex_t lock;
	struct loaded *first;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct vmedia_module *recall(const char *folder, const char *name)
{
	const struct vmedia_module *found = NULL;

	pthread_mutex_lock(&all.lock);
	for (const struct loaded *l = all.first; l && !found; l = l->next)
		if (!strcmp(l->module->name, name) && !strcmp(l->folder, folder ? folder : ""))
			found = l->module;
	pthread_mutex_unlock(&all.lock);
	return found;
}

static void remember(const char *folder, const struct vmedia_module *module)
{
	struct loaded *l = malloc(sizeof(*l));

	if (!l)
		return;
	l->module = module;
	l->folder = strdup(folder ? folder : "");
	if (!l->folder) {
		free(l);
		return;
	}
	pthread_mutex_lock(&all.lock);
	l->next = all.first;
	all.first = l;
	pthread_mutex_unlock(&all.lock);
}

int vmedia_module_load(const char *folder, const char *name, char *why, size_t why_size,
		       const struct vmedia_module **module)
{
	struct place p;
	int err;

	if (!is_name(name)) {
		snprintf(why, why_size,
			 "\"%.64s\" can be no module: use small letters, digits and hyphens", name);
		return -EINVAL;
	}
	*module = recall(folder, name);
	if (*module)
		return 0;
	err = find_place(folder, &p, why, why_size);
	if (!err)
		err = load_from(&p, name, why, why_size, module);
	if (!err)
		remember(folder, *module);
	return err;
}

/* Get the name of a module from its file name. @name has room for MAX_NAME + 1 bytes. */
static bool name_of(const char *file, char *name)
{
	size_t len = strlen(file), suffix = strlen(SUFFIX);

	if (len <= suffix || len - suffix > MAX_NAME || strcmp(file + len - suffix, SUFFIX))
		return false;
	memcpy(name, file, len - suffix);
	name[len - suffix] = 0;
	return is_name(name);
}

int vmedia_module_each(const char *folder,
		       void (*fn)(void *opaque, const char *name,
				  const struct vmedia_module *module, const char *why),
		       void *opaque)
{
	char name[MAX_NAME + 1], why[512];
	const struct vmedia_module *m;
	struct dirent **files;
	struct place p;
	int n, err;

	err = find_place(folder, &p, why, sizeof(why));
	if (err)
		return err;
	n = scandir(p.folder, &files, NULL, alphasort);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (name_of(files[i]->d_name, name)) {
			err = load_from(&p, name, why, sizeof(why), &m);
			fn(opaque, name, err ? NULL : m, err ? why : NULL);
		}
		free(files[i]);
	}
	free(files);
	return 0;
}
