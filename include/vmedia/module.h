/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Modules: kinds of device in shared objects, which a program loads by name.
 *
 * A kind of device is a module if it needs libraries that other kinds do not need. A module can
 * also come from another project: vhost-user-media serves it without being rebuilt. A complete
 * module:
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
 * The symbol: a module exports one symbol, vmedia_module. Its other symbols should be hidden
 * (-fvisibility=hidden; the declaration below keeps vmedia_module visible). A module links
 * libvmedia.so, as the program does, so the process has one copy of the library, with one log and
 * one framework.
 *
 * The file: NAME.so, where NAME is vmedia_module.name: small letters, digits and hyphens. The
 * program searches one folder: the one given by the user, or the folder "vmedia" beside
 * libvmedia.so ($libdir/vmedia for an installed library, printed by pkg-config --variable=moduledir
 * vmedia).
 *
 * The life of a module:
 *	load	The program maps it. Constructors run before anything is checked. Then the symbol,
 *		the ABI number and the name are checked.
 *		Constructors must not start threads: the program makes processes afterwards.
 *	prepare	Called once by vhost-user-media, as the user who has started it.
 *	create	Called once by vhost-user-media, before its sandbox closes. Started as root, it has
 *		become another user by then, and it is in namespaces of its own. create() opens the
 *		files, devices and connections that the device needs. Afterwards the process cannot
 *		open a path, make a connection or start a process (vhost-user-media(1)).
 *	serve	The framework calls the device, as described in <vmedia/video.h> or
 *		<vmedia/device.h>.
 *	destroy	vmedia_device_destroy() calls the device's own destroy(). The module stays mapped
 *		until the process ends.
 *
 * System calls: vhost-user-media refuses all calls that it does not know to be needed. While
 * create() runs, those are allowed that read files and folders, load libraries and start threads;
 * while the device serves, those of memory, threads, timers and of descriptors that are open. A
 * module that needs more lists it, as "socket connect" for a UNIX socket: words with spaces
 * between.
 *
 *	NAME		a system call, as in "sysinfo"
 *	NAME|NAME	the first of these that the architecture has, as in "epoll_wait|epoll_pwait"
 *	ioctl:V		ioctl() with commands of type 'V', as in <linux/videodev2.h>
 *	openat:rw	files that exist are opened for writing, too (in syscalls_start)
 *	mmap:exec	memory of which the module makes code; also mprotect:exec
 *	NAME:any	without the checks of arguments that the program has for this call
 *
 * What only some options need is listed in struct vmedia_module_mode.
 *
 * Calls of serving are allowed in create(), too. A refused call fails with EPERM, or with ENOSYS if
 * its number has no name here, and a line of the log names it. execve(), ptrace(), mount() and
 * other calls that only an attack makes end the process. SIGSYS must not be blocked in any thread.
 *
 * A module is part of the program. It must not call exit(), change signals, or write to standard
 * output. It reports through <vmedia/log.h>.
 *
 * Security model: a module can do all that the program can do, so others must not be able to write
 * to its file; see vmedia_module_load(). Modules face the same hostile guest as the rest of the
 * library. The contracts of <vmedia/video.h> tell which memory a guest can change at any time.
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
 * The version of this interface: of the structures here, and of everything that the other headers
 * share with a device. It grows with each change for which a module must be compiled again. A
 * module is loaded only if it has the library's number.
 */
#define VMEDIA_MODULE_ABI 6

struct vmedia_camera_source_ops;
struct vmedia_module_args;

/* An option of the kind, with its line of --help. */
struct vmedia_module_option {
	const char *name;		/* "fps" for --fps=VALUE on the command line */
	const char *value;		/* placeholder of its value in help; NULL: it has none */
	const char *help;		/* one sentence, with the default */
};

/* What the program does differently if an option is given. */
struct vmedia_module_mode {
	const char *option;		/* its name */
	/* More system calls, as in struct vmedia_module. NULL: none. */
	const char *syscalls_start;
	const char *syscalls;
	/*
	 * Called in place of create(), in the same place; NULL: create() is called. It prints a
	 * report to standard output, and the program ends without serving: with exit status 0 if it
	 * returns 0, and 1 if it returns the number of things that failed. Else as create().
	 */
	int (*report)(const struct vmedia_module_args *args, char *why, size_t why_size);
};

/* An option as the user gave it; @value is the text after '=', unchecked. */
struct vmedia_module_value {
	const char *name;
	const char *value;		/* "" if the option has none */
};

/* The arguments of create(). All are borrowed until create() returns; the loop lives longer. */
struct vmedia_module_args {
	struct vmedia_loop *loop;
	const struct vmedia_limits *limits;
	uint64_t region_size;		/* bytes of shared memory region 0; 0: none */
	const char *module_path;	/* folder of modules; NULL: the default */
	unsigned int num_values;
	/*
	 * A socket to the process that opens the node of vmedia_module.node; -1: there is none, and
	 * the device opens the node itself. The device keeps it, and closes it. SOCK_SEQPACKET: a
	 * message of one byte asks for the node, and the answer is an int32_t, 0 with one
	 * descriptor (SCM_RIGHTS), or a negative errno. -ENOTTY: the path leads to no V4L2 device.
	 */
	int opener;	/* or, with vmedia_module.socket, to the one that connects to that socket */
	/* In the order of the command line. Each name is in the table of options of the module. */
	const struct vmedia_module_value *values;
};

struct vmedia_module {
	uint32_t abi;			/* VMEDIA_MODULE_ABI. It stays the first member. */
	const char *name;		/* the name of the file without ".so" */
	const char *summary;		/* one line for the list of kinds */
	const char *example;		/* options for an example in help; NULL: none */
	/* The last one has no name. NULL: the kind has no options. */
	const struct vmedia_module_option *options;
	/*
	 * create - make the device
	 * @why: receives one sentence, without a newline, that tells what to do
	 *
	 * Returns 0; the caller destroys *@dev with vmedia_device_destroy(). On error returns
	 * negative errno and leaves nothing allocated. A sentence in @why means that the user can
	 * correct the error, and the program exits with status 2. Without a sentence it is an error
	 * of the program.
	 *
	 * Context: the loop's thread, before the loop runs. May block.
	 */
	int (*create)(const struct vmedia_module_args *args, char *why, size_t why_size,
		      struct vmedia_device **dev);
	/*
	 * prepare - load the modules that create() will use; NULL: there are none
	 *
	 * create() may run as a user who cannot look into the folder of modules, and gets from
	 * vmedia_module_load() what was loaded here. Other files are opened by create(). args->loop
	 * is NULL. Returns as create() does. Context: the main thread, before create().
	 */
	int (*prepare)(const struct vmedia_module_args *args, char *why, size_t why_size);
	/*
	 * Used instead of create() by a source of the camera: the module camera-NAME provides
	 * --source=NAME:... The interface of sources is not installed, so this is NULL in modules
	 * of other projects.
	 */
	const struct vmedia_camera_source_ops *camera_source;
	/*
	 * The system calls that create() makes, and those that serving makes, in addition to what
	 * vhost-user-media allows each kind; NULL: none. See "System calls" above.
	 */
	const char *syscalls_start;
	const char *syscalls;
	/* The last one has no option. NULL: options change nothing of the program. */
	const struct vmedia_module_mode *modes;
	/*
	 * The option whose value is the path of a V4L2 node of the host; NULL: none. The user may
	 * leave out its name: a word without "--" is the value. The device can open it while it
	 * serves, too: vmedia_module_args.opener.
	 */
	const char *node;
	/*
	 * The path of a UNIX socket (SOCK_SEQPACKET) that the device connects to while it serves,
	 * as @args say; NULL: none, or no such function. It is asked for by
	 * vmedia_module_args.opener, in the same way as a node. The string lives as long as @args.
	 */
	const char *(*socket)(const struct vmedia_module_args *args);
};

/* Defined by each module, not by the library. */
extern const struct vmedia_module vmedia_module __attribute__((visibility("default")));

/*
 * Return the value of option @name, the last one if it was given more than once; NULL: not given.
 */
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
 * @why: receives one sentence that tells what to do, without a newline
 *
 * A given @folder must belong to root or to the user of the process. Nobody else may be able to
 * write to it, to the module, or to a folder above it, except to folders with the sticky bit such
 * as /tmp. For the default folder the same is checked for it and for the module; the folders above
 * it are those of libvmedia.so and are checked only if the default folder is a link. If
 * libvmedia.so does not belong to root, as in a build tree, the default folder is not checked: a
 * user that can write there can replace the library too.
 *
 * Returns 0; -EINVAL: @name is not a valid name of a module; -ENOENT: there is no such module;
 * -EPERM: others can write to the module or to its folders; -ENOEXEC: not a module, or its end is
 * missing, or a library that it needs is missing, or it has another ABI number; another errno if a
 * folder or file cannot be examined. A module stays mapped, and a second call with the same
 * @folder returns the same one without looking there again.
 * Context: any thread, before a sandbox closes.
 */
int vmedia_module_load(const char *folder, const char *name, char *why, size_t why_size,
		       const struct vmedia_module **module);

/*
 * vmedia_module_each - load every module of @folder, in the order of their names
 * @fn: called for each name with its module, or with NULL and the sentence of vmedia_module_load()
 *
 * Returns 0; -ENOMEM; errno of opendir(), -ENOENT if there is no folder. Context: as above.
 */
int vmedia_module_each(const char *folder,
		       void (*fn)(void *opaque, const char *name,
				  const struct vmedia_module *module, const char *why),
		       void *opaque);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_MODULE_H */
