// SPDX-License-Identifier: BSD-3-Clause
/*
 * A driver of libva for tests, without hardware: MPEG-2, H.264 up to the profile High, AV1's Main.
 * It is loaded by LIBVA_DRIVERS_PATH and LIBVA_DRIVER_NAME, with any device node, as /dev/null.
 *
 * It decodes nothing, so that nobody takes its pictures for those of a decoder in software. A
 * picture has
 *
 *	Y	the sum of all bytes of its slices, modulo 256
 *	U, V	the column and the row of the sample, modulo 256
 *
 * With each picture it calls ioctl() of DRM with the node, as a driver does. An error that a node
 * without DRM does not give, as that of a sandbox, makes the picture fail.
 *
 * FAKE_BROKEN: all pictures fail. FAKE_OLD: without High and AV1.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <va/va.h>
#include <va/va_backend.h>
#include <va/va_drmcommon.h>

#ifndef FAKE_BROKEN
#define FAKE_BROKEN 0
#endif
#define NUM	   1024
#define MAX_SIZE   4096
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define IOCTL_NODE _IO('d', 0x7f)

/* A config, surface, context, buffer or image; its identifier is its place in the table, plus 1. */
struct object {
	VAProfile profile;		/* of a config */
	VABufferType type;		/* of a buffer */
	unsigned int width, height;	/* of a surface or an image */
	size_t size;			/* of a buffer, or of one of its elements */
	unsigned int count;		/* of elements */
	VASurfaceID target;		/* of a context */
	VABufferID memory;		/* of an image */
	uint8_t sum;			/* of a context: slices of the picture */
	uint8_t *data;
};

struct driver {
	pthread_mutex_t lock;
	struct object *objects[NUM];
};

static struct driver *driver_of(VADriverContextP ctx)
{
	return ctx->pDriverData;
}

static struct object *add(VADriverContextP ctx, size_t bytes, unsigned int *id)
{
	struct driver *drv = driver_of(ctx);
	struct object *o = calloc(1, sizeof(*o));
	unsigned int i = 0;

	if (!o)
		return NULL;
	o->data = calloc(1, bytes ? bytes : 1);
	pthread_mutex_lock(&drv->lock);
	while (i < NUM && drv->objects[i])
		i++;
	if (i < NUM && o->data)
		drv->objects[i] = o;
	pthread_mutex_unlock(&drv->lock);
	*id = i + 1;
	if (i < NUM && o->data)
		return o;
	free(o->data);
	free(o);
	return NULL;
}

static struct object *get(VADriverContextP ctx, unsigned int id)
{
	struct driver *drv = driver_of(ctx);
	struct object *o;

	pthread_mutex_lock(&drv->lock);
	o = id - 1 < NUM ? drv->objects[id - 1] : NULL;
	pthread_mutex_unlock(&drv->lock);
	return o;
}

static VAStatus take_out(VADriverContextP ctx, unsigned int id)
{
	struct driver *drv = driver_of(ctx);
	struct object *o = get(ctx, id);

	if (!o)
		return VA_STATUS_ERROR_INVALID_BUFFER;
	pthread_mutex_lock(&drv->lock);
	drv->objects[id - 1] = NULL;
	pthread_mutex_unlock(&drv->lock);
	free(o->data);
	free(o);
	return VA_STATUS_SUCCESS;
}

/* ---- What there is ---- */

static const VAProfile profiles[] = { VAProfileMPEG2Simple, VAProfileMPEG2Main,
				      VAProfileH264ConstrainedBaseline, VAProfileH264Main,
#ifndef FAKE_OLD
				      VAProfileH264High, VAProfileAV1Profile0,
#endif
};
static const VAImageFormat nv12 = { .fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST,
				    .bits_per_pixel = 12 };

static VAStatus query_profiles(VADriverContextP ctx, VAProfile *list, int *num)
{
	(void)ctx;
	memcpy(list, profiles, sizeof(profiles));
	*num = COUNT(profiles);
	return VA_STATUS_SUCCESS;
}

static VAStatus query_entrypoints(VADriverContextP ctx, VAProfile profile, VAEntrypoint *list,
				  int *num)
{
	(void)ctx;
	(void)profile;
	list[0] = VAEntrypointVLD;
	*num = 1;
	return VA_STATUS_SUCCESS;
}

static VAStatus get_attributes(VADriverContextP ctx, VAProfile profile, VAEntrypoint entrypoint,
			       VAConfigAttrib *list, int num)
{
	(void)ctx;
	(void)profile;
	(void)entrypoint;
	for (int i = 0; i < num; i++)
		list[i].value = list[i].type == VAConfigAttribRTFormat ? VA_RT_FORMAT_YUV420
								       : VA_ATTRIB_NOT_SUPPORTED;
	return VA_STATUS_SUCCESS;
}

static VAStatus create_config(VADriverContextP ctx, VAProfile profile, VAEntrypoint entrypoint,
			      VAConfigAttrib *list, int num, VAConfigID *id)
{
	struct object *o;

	(void)list;
	(void)num;
	if (entrypoint != VAEntrypointVLD)
		return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
	o = add(ctx, 0, id);
	if (!o)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	o->profile = profile;
	return VA_STATUS_SUCCESS;
}

static VAStatus query_config(VADriverContextP ctx, VAConfigID id, VAProfile *profile,
			     VAEntrypoint *entrypoint, VAConfigAttrib *list, int *num)
{
	const struct object *o = get(ctx, id);

	if (!o)
		return VA_STATUS_ERROR_INVALID_CONFIG;
	*profile = o->profile;
	*entrypoint = VAEntrypointVLD;
	list[0] = (VAConfigAttrib){ VAConfigAttribRTFormat, VA_RT_FORMAT_YUV420 };
	*num = 1;
	return VA_STATUS_SUCCESS;
}

static VASurfaceAttrib attribute(VASurfaceAttribType type, int value)
{
	const uint32_t flags = VA_SURFACE_ATTRIB_GETTABLE | VA_SURFACE_ATTRIB_SETTABLE;

	return (VASurfaceAttrib){ .type = type,
				  .flags = flags,
				  .value = { VAGenericValueTypeInteger, { .i = value } } };
}

static VAStatus query_surface(VADriverContextP ctx, VAConfigID id, VASurfaceAttrib *list,
			      unsigned int *num)
{
	const VASurfaceAttrib all[] = { attribute(VASurfaceAttribPixelFormat, VA_FOURCC_NV12),
					attribute(VASurfaceAttribMaxWidth, MAX_SIZE),
					attribute(VASurfaceAttribMaxHeight, MAX_SIZE) };
	unsigned int room = *num;

	(void)ctx;
	(void)id;
	*num = COUNT(all);
	if (!list)
		return VA_STATUS_SUCCESS;
	if (room < COUNT(all))
		return VA_STATUS_ERROR_MAX_NUM_EXCEEDED;
	memcpy(list, all, sizeof(all));
	return VA_STATUS_SUCCESS;
}

static VAStatus query_images(VADriverContextP ctx, VAImageFormat *list, int *num)
{
	(void)ctx;
	list[0] = nv12;
	*num = 1;
	return VA_STATUS_SUCCESS;
}

/* ---- Surfaces, contexts, buffers ---- */

static VAStatus create_surfaces(VADriverContextP ctx, unsigned int format, unsigned int width,
				unsigned int height, VASurfaceID *ids, unsigned int num,
				VASurfaceAttrib *list, unsigned int num_list)
{
	(void)list;
	(void)num_list;
	if (format != VA_RT_FORMAT_YUV420 || width > MAX_SIZE || height > MAX_SIZE)
		return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
	for (unsigned int i = 0; i < num; i++) {
		struct object *o = add(ctx, 0, &ids[i]);

		if (!o)
			return VA_STATUS_ERROR_ALLOCATION_FAILED;
		o->width = width;
		o->height = height;
	}
	return VA_STATUS_SUCCESS;
}

static VAStatus create_surfaces_1(VADriverContextP ctx, int width, int height, int format, int num,
				  VASurfaceID *ids)
{
	return create_surfaces(ctx, (unsigned int)format, (unsigned int)width, (unsigned int)height,
			       ids, (unsigned int)num, NULL, 0);
}

static VAStatus destroy_surfaces(VADriverContextP ctx, VASurfaceID *ids, int num)
{
	for (int i = 0; i < num; i++)
		take_out(ctx, ids[i]);
	return VA_STATUS_SUCCESS;
}

static VAStatus create_context(VADriverContextP ctx, VAConfigID config, int width, int height,
			       int flag, VASurfaceID *targets, int num, VAContextID *id)
{
	(void)config;
	(void)width;
	(void)height;
	(void)flag;
	(void)targets;
	(void)num;
	return add(ctx, 0, id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_ALLOCATION_FAILED;
}

static VAStatus create_buffer(VADriverContextP ctx, VAContextID context, VABufferType type,
			      unsigned int size, unsigned int num, void *data, VABufferID *id)
{
	struct object *o = add(ctx, (size_t)size * num, id);

	(void)context;
	if (!o)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	o->type = type;
	o->size = size;
	o->count = num;
	if (data)
		memcpy(o->data, data, (size_t)size * num);
	return VA_STATUS_SUCCESS;
}

static VAStatus set_elements(VADriverContextP ctx, VABufferID id, unsigned int num)
{
	(void)ctx;
	(void)id;
	(void)num;
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus map(VADriverContextP ctx, VABufferID id, void **data)
{
	struct object *o = get(ctx, id);

	if (!o)
		return VA_STATUS_ERROR_INVALID_BUFFER;
	*data = o->data;
	return VA_STATUS_SUCCESS;
}

static VAStatus unmap(VADriverContextP ctx, VABufferID id)
{
	return get(ctx, id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_BUFFER;
}

/* ---- Pictures ---- */

static VAStatus begin(VADriverContextP ctx, VAContextID context, VASurfaceID target)
{
	struct object *o = get(ctx, context);

	if (!o)
		return VA_STATUS_ERROR_INVALID_CONTEXT;
	o->target = target;
	o->sum = 0;
	return VA_STATUS_SUCCESS;
}

static VAStatus render(VADriverContextP ctx, VAContextID context, VABufferID *ids, int num)
{
	struct object *o = get(ctx, context);

	for (int i = 0; o && i < num; i++) {
		const struct object *b = get(ctx, ids[i]);

		if (!b)
			return VA_STATUS_ERROR_INVALID_BUFFER;
		if (b->type != VASliceDataBufferType)
			continue;
		for (size_t at = 0; at < b->size * b->count; at++)
			o->sum = (uint8_t)(o->sum + b->data[at]);
	}
	return o ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONTEXT;
}

static VAStatus finish(VADriverContextP ctx, VAContextID context)
{
	const struct drm_state *drm = ctx->drm_state;
	const struct object *o = get(ctx, context);
	struct object *target = o ? get(ctx, o->target) : NULL;

	if (!target || (ioctl(drm->fd, IOCTL_NODE) < 0 && errno == EPERM) || FAKE_BROKEN)
		return VA_STATUS_ERROR_DECODING_ERROR;
	target->sum = o->sum;
	return VA_STATUS_SUCCESS;
}

static VAStatus sync_surface(VADriverContextP ctx, VASurfaceID id)
{
	return get(ctx, id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_SURFACE;
}

static VAStatus query_status(VADriverContextP ctx, VASurfaceID id, VASurfaceStatus *status)
{
	*status = VASurfaceReady;
	return sync_surface(ctx, id);
}

/* ---- Images ---- */

static VAStatus create_image(VADriverContextP ctx, VAImageFormat *format, int width, int height,
			     VAImage *image)
{
	unsigned int w = (unsigned int)width, h = (unsigned int)height;
	unsigned int pitch = (w + 63) / 64 * 64, lines = (h + 1) / 2 * 2;
	struct object *o = add(ctx, 0, &image->image_id);
	VAStatus err;

	if (!o)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	image->format = *format;
	image->width = (uint16_t)w;
	image->height = (uint16_t)h;
	image->data_size = pitch * lines * 3 / 2;
	image->num_planes = 2;
	image->pitches[0] = image->pitches[1] = pitch;
	image->offsets[0] = 0;
	image->offsets[1] = pitch * lines;
	err = create_buffer(ctx, 0, VAImageBufferType, image->data_size, 1, NULL, &image->buf);
	if (err) {
		take_out(ctx, image->image_id);
		return err;
	}
	o->memory = image->buf;
	o->width = pitch;
	o->height = lines;
	return VA_STATUS_SUCCESS;
}

static VAStatus derive(VADriverContextP ctx, VASurfaceID surface, VAImage *image)
{
	(void)ctx;
	(void)surface;
	(void)image;
	return VA_STATUS_ERROR_OPERATION_FAILED;
}

static VAStatus destroy_image(VADriverContextP ctx, VAImageID id)
{
	const struct object *o = get(ctx, id);

	if (!o)
		return VA_STATUS_ERROR_INVALID_IMAGE;
	take_out(ctx, o->memory);
	return take_out(ctx, id);
}

static VAStatus get_image(VADriverContextP ctx, VASurfaceID surface, int left, int top,
			  unsigned int width, unsigned int height, VAImageID id)
{
	const struct object *s = get(ctx, surface), *o = get(ctx, id);
	const struct object *memory = o ? get(ctx, o->memory) : NULL;
	uint8_t *chroma;

	if (!s || !memory || left || top || width > o->width || height > o->height)
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	for (unsigned int y = 0; y < height; y++)
		memset(memory->data + (size_t)y * o->width, s->sum, width);
	chroma = memory->data + (size_t)o->width * o->height;
	for (unsigned int y = 0; y < (height + 1) / 2; y++, chroma += o->width) {
		for (unsigned int x = 0; x < (width + 1) / 2; x++) {
			chroma[2 * x] = (uint8_t)x;
			chroma[2 * x + 1] = (uint8_t)y;
		}
	}
	return VA_STATUS_SUCCESS;
}

/* ---- What libva wants, and nobody calls ---- */

static VAStatus none(void)
{
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus terminate(VADriverContextP ctx)
{
	struct driver *drv = driver_of(ctx);

	for (unsigned int i = 0; i < NUM; i++)
		take_out(ctx, i + 1);
	pthread_mutex_destroy(&drv->lock);
	free(drv);
	return VA_STATUS_SUCCESS;
}

/* A function of another type, which is never called. */
#define NONE(member) table->member = (__typeof__(table->member))(void (*)(void))none

static VAStatus init(VADriverContextP ctx)
{
	struct driver *drv = calloc(1, sizeof(*drv));
	struct VADriverVTable *table = ctx->vtable;

	if (!drv)
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	pthread_mutex_init(&drv->lock, NULL);
	ctx->pDriverData = drv;
	ctx->version_major = VA_MAJOR_VERSION;
	ctx->version_minor = VA_MINOR_VERSION;
	ctx->max_profiles = COUNT(profiles);
	ctx->max_entrypoints = ctx->max_attributes = ctx->max_image_formats = 1;
	ctx->max_subpic_formats = ctx->max_display_attributes = 1;
	ctx->str_vendor = "vmedia's fake driver, which decodes nothing";
	table->vaTerminate = terminate;
	table->vaQueryConfigProfiles = query_profiles;
	table->vaQueryConfigEntrypoints = query_entrypoints;
	table->vaGetConfigAttributes = get_attributes;
	table->vaCreateConfig = create_config;
	table->vaDestroyConfig = take_out;
	table->vaQueryConfigAttributes = query_config;
	table->vaQuerySurfaceAttributes = query_surface;
	table->vaCreateSurfaces = create_surfaces_1;
	table->vaCreateSurfaces2 = create_surfaces;
	table->vaDestroySurfaces = destroy_surfaces;
	table->vaCreateContext = create_context;
	table->vaDestroyContext = take_out;
	table->vaCreateBuffer = create_buffer;
	table->vaBufferSetNumElements = set_elements;
	table->vaMapBuffer = map;
	table->vaUnmapBuffer = unmap;
	table->vaDestroyBuffer = take_out;
	table->vaBeginPicture = begin;
	table->vaRenderPicture = render;
	table->vaEndPicture = finish;
	table->vaSyncSurface = sync_surface;
	table->vaQuerySurfaceStatus = query_status;
	table->vaQueryImageFormats = query_images;
	table->vaCreateImage = create_image;
	table->vaDeriveImage = derive;
	table->vaDestroyImage = destroy_image;
	table->vaGetImage = get_image;
	NONE(vaPutSurface);
	NONE(vaSetImagePalette);
	NONE(vaPutImage);
	NONE(vaQuerySubpictureFormats);
	NONE(vaCreateSubpicture);
	NONE(vaDestroySubpicture);
	NONE(vaSetSubpictureImage);
	NONE(vaSetSubpictureChromakey);
	NONE(vaSetSubpictureGlobalAlpha);
	NONE(vaAssociateSubpicture);
	NONE(vaDeassociateSubpicture);
	NONE(vaQueryDisplayAttributes);
	NONE(vaGetDisplayAttributes);
	NONE(vaSetDisplayAttributes);
	NONE(vaQuerySurfaceError);
	return VA_STATUS_SUCCESS;
}

/* libva looks for the newest minor version that it knows, and then for older ones. */
VAStatus __vaDriverInit_1_0(VADriverContextP ctx) __attribute__((visibility("default")));
VAStatus __vaDriverInit_1_0(VADriverContextP ctx)
{
	return init(ctx);
}
