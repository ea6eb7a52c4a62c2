/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Modules: kinds of device in shared objects of their own, which a program loads by name.
 *
 * A kind that needs libraries which the other kinds do not need is a module, and so is a device of
 * somebody else's: vhost-user-media serves it without being built again. A whole module:
 *
 *	static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
 *			  struct vmedia_device **dev)
 *	{
 *		struct vmedia_video_config config = ramp;
 *
 *		config.limits = args->limits;
 *		return vmedia_video_create(args->loop, &config, dev);
 *	}
 *
 *	const struct vmedia_module vmedia_module = {
 *		.abi = VMEDIA_MODULE_ABI,
 *		.name = "ramp",
 *		.summary = "a camera that shows a grey ramp",
 *		.create = create,
 *	};
 *
 *	cc -shared -fPIC -o ramp.so ramp.c $(pkg-config --cflags --libs vmedia)
 *	vhost-user-media --module-path=$PWD --socket-path=/tmp/ramp.sock ramp
 *
 * The symbol: a module exports one, vmedia_module. All else in it is better hidden
 * (-fvisibility=hidden; the declaration below keeps the one visible). It links libvmedia.so, as the
 * program does, so there is one library in the process, with one log and one framework.
 *
 * The file: NAME.so, where NAME is vmedia_module.name: small letters, digits and hyphens. It is
 * looked for in one folder: the one that the program was told, or the folder "vmedia" beside
 * libvmedia.so (of an installed library $libdir/vmedia, which pkg-config --variable=moduledir
 * vmedia prints).
 *
 * The life of a module:
 *	load	The program maps it. Constructors run before anything is checked. Then the symbol,
 *		the ABI number and the name are checked.
 *	create	Called once by vhost-user-media, before its sandbox closes. What the device needs
 *		of files, devices and connections is opened here. Afterwards no file can be opened
 *		for writing, no connection made and no process started (vhost-user-media(1)).
 *	serve	The framework calls the device, as <vmedia/video.h> or <vmedia/device.h> says.
 *	destroy	vmedia_device_destroy() calls the device's own destroy(). The module stays mapped
 *		until the process ends.
 *
 * A module is part of the program: it does not call exit(), does not change signals, and writes to
 * nobody's standard output. It says what it has to say by <vmedia/log.h>.
 *
 * Security model: a module may do all that the program may do, so what is loaded must not be what
 * others can write; see vmedia_module_load(). Modules get the same hostile guest as everything else
 * here: the contracts of <vmedia/video.h> say which memory a guest can change meanwhile.
 */
#ifndef VMEDIA_MODULE_H
#define VMEDIA_MODULE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <vmedia/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The number of this interface: of the structures here, and of all that the other headers share
 * with a device. It grows when one of them changes so that a module must be compiled again. A
 * module is loaded only if its number is the library's.
 */
#define VMEDIA_MODULE_ABI 1

struct vmedia_camera_source_ops;

/* An option of the kind, and its line of --help. */
struct vmedia_module_option {
	const char *name;		/* "fps": the command line says --fps=VALUE */
	const char *value;		/* what stands for its value in help: "N[/M]|max" */
	const char *help;		/* one sentence, with the default */
};

/* An option as the user gave it; @value is what followed the '=', not looked at. */
struct vmedia_module_value {
	const char *name;
	const char *value;
};

/* What create() gets. All of it is borrowed until create() returns, the loop for longer. */
struct vmedia_module_args {
	struct vmedia_loop *loop;
	const struct vmedia_limits *limits;
	uint64_t region_size;		/* bytes of shared memory region 0; 0: none */
	const char *module_path;	/* where the program looks for modules; NULL: the default */
	unsigned int num_values;
	/* In the order of the command line. Each has a name of the module's table of options. */
	const struct vmedia_module_value *values;
};

struct vmedia_module {
	uint32_t abi;			/* VMEDIA_MODULE_ABI. It stays the first member. */
	const char *name;		/* as the file's, without ".so" */
	const char *summary;		/* one line for the list of kinds */
	const char *example;		/* options for an example in help; NULL: none */
	/* The last one has no name. NULL: the kind has no options. */
	const struct vmedia_module_option *options;
	/*
	 * create - make the device
	 * @why: receives one sentence, without a newline, that says what to do
	 *
	 * Returns 0, and *@dev ends by vmedia_device_destroy(); or negative errno. With a sentence
	 * in @why it is the user's to mend, and the program ends with status 2; without one it is
	 * an error of the program. Nothing is left allocated then.
	 *
	 * Context: the loop's thread, before the loop runs. May block.
	 */
	int (*create)(const struct vmedia_module_args *args, char *why, size_t why_size,
		      struct vmedia_device **dev);
	/*
	 * Instead of create(), a source of the camera: the module camera-NAME is what
	 * --source=NAME:... means. That interface is not installed; NULL in modules of others.
	 */
	const struct vmedia_camera_source_ops *camera_source;
};

/* Defined by each module, not by the library. */
extern const struct vmedia_module vmedia_module __attribute__((visibility("default")));

/* The value of option @name, the last one if it was given more than once; NULL: not given. */
static inline const char *vmedia_module_value(const struct vmedia_module_args *args,
					      const char *name)
{
	for (unsigned int i = args->num_values; i > 0; i--)
		if (!strcmp(args->values[i - 1].name, name))
			return args->values[i - 1].value;
	return NULL;
}

/* ---- For programs that load modules ---- */

/*
 * vmedia_module_load - find module @name, map it and check it
 * @folder: where to look; NULL: the folder "vmedia" beside libvmedia.so
 * @why: receives one sentence that says what to do, without a newline
 *
 * A folder that was given must belong to root or to the user that the program runs as, and nobody
 * else may write to it, to a folder above it (but for those with the sticky bit, such as /tmp), or
 * to the module. Of the default folder, it and the module must; the folders above it are those of
 * libvmedia.so, unless it is a link. Where libvmedia.so is not root's, as in a build tree, the
 * default folder is not checked: who may write there may replace the library too.
 *
 * Returns 0; -EINVAL: @name can be no module's; -ENOENT: there is no such module; -EPERM: others
 * may write to it or where it is; -ENOEXEC: no module, half of one, one that needs what is not
 * there, or one of another ABI number; another errno of a folder or file that cannot be looked at.
 * A module stays mapped, and a second call gives the same one. Context: any thread, before a
 * sandbox closes.
 */
int vmedia_module_load(const char *folder, const char *name, char *why, size_t why_size,
		       const struct vmedia_module **module);

/*
 * vmedia_module_each - load every module of @folder, in the order of their names
 * @fn: gets each name, with its module; or with NULL and the sentence of vmedia_module_load()
 *
 * Returns 0; -ENOMEM; an errno of opendir(), -ENOENT if there is no folder. Context: as above.
 */
int vmedia_module_each(const char *folder,
		       void (*fn)(void *opaque, const char *name,
				  const struct vmedia_module *module, const char *why),
		       void *opaque);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_MODULE_H */
