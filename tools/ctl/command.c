/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands to a decoder or an encoder: "cmd=stop,flags=stop_immediately". */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "names.h"

#define WORD 64

/* V4L2 has the same numbers for decoders and encoders, but two of the names. */
static const struct ctl_name cmd_words[] = {
	{ V4L2_DEC_CMD_START, "start" },
	{ V4L2_DEC_CMD_STOP, "stop" },
	{ V4L2_DEC_CMD_PAUSE, "pause" },
	{ V4L2_DEC_CMD_RESUME, "resume" },
	{ 0, NULL },
};
_Static_assert(V4L2_DEC_CMD_START == V4L2_ENC_CMD_START && V4L2_DEC_CMD_STOP == V4L2_ENC_CMD_STOP &&
	       V4L2_DEC_CMD_PAUSE == V4L2_ENC_CMD_PAUSE &&
	       V4L2_DEC_CMD_RESUME == V4L2_ENC_CMD_RESUME, "one table");

/* The bits of a flag depend on the command. */
static const struct ctl_name dec_start_flags[] = {
	{ V4L2_DEC_CMD_START_MUTE_AUDIO, "start_mute_audio" },
	{ 0, NULL },
};
static const struct ctl_name dec_stop_flags[] = {
	{ V4L2_DEC_CMD_STOP_TO_BLACK, "stop_to_black" },
	{ V4L2_DEC_CMD_STOP_IMMEDIATELY, "stop_immediately" },
	{ 0, NULL },
};
static const struct ctl_name dec_pause_flags[] = {
	{ V4L2_DEC_CMD_PAUSE_TO_BLACK, "pause_to_black" },
	{ 0, NULL },
};
static const struct ctl_name enc_stop_flags[] = {
	{ V4L2_ENC_CMD_STOP_AT_GOP_END, "stop_at_gop_end" },
	{ 0, NULL },
};
static const struct ctl_name no_flags[] = { { 0, NULL } };

#define NUM_CMDS (V4L2_DEC_CMD_RESUME + 1)

static const struct ctl_name *const dec_flags[NUM_CMDS] = { dec_start_flags, dec_stop_flags,
							    dec_pause_flags, no_flags };
static const struct ctl_name *const enc_flags[NUM_CMDS] = { no_flags, enc_stop_flags, no_flags,
							    no_flags };

static const struct ctl_name start_format_words[] = {
	{ V4L2_DEC_START_FMT_NONE, "none" },
	{ V4L2_DEC_START_FMT_GOP, "gop" },
	{ 0, NULL },
};

struct command {
	bool has_cmd;
	uint32_t cmd, start_format;
	uint32_t flags[NUM_CMDS]; /* those of each command */
	int64_t stop_pts, start_speed;
};

static bool parse_flag(const char *text, bool decoder, struct command *cmd)
{
	const struct ctl_name *const *words = decoder ? dec_flags : enc_flags;
	uint32_t flag;

	for (unsigned int i = 0; i < NUM_CMDS; i++) {
		if (ctl_name_value(words[i], text, &flag)) {
			cmd->flags[i] |= flag;
			return true;
		}
	}
	return false;
}

/* @decoder: the keys and flags of a decoder, else of an encoder. */
static bool parse_pair(const char *key, const char *value, bool decoder, struct command *cmd)
{
	if (strcmp(key, "cmd") == 0)
		return cmd->has_cmd = ctl_name_value(cmd_words, value, &cmd->cmd);
	if (strcmp(key, "flags") == 0)
		return parse_flag(value, decoder, cmd);
	if (decoder && strcmp(key, "stop_pts") == 0)
		return ctl_number(value, 0, INT64_MAX, &cmd->stop_pts);
	if (decoder && strcmp(key, "start_speed") == 0)
		return ctl_number(value, INT32_MIN, INT32_MAX, &cmd->start_speed);
	if (decoder && strcmp(key, "start_format") == 0)
		return ctl_name_value(start_format_words, value, &cmd->start_format);
	return false;
}

static int parse(const char *text, bool decoder, bool try_only, struct command *cmd)
{
	const char *try = try_only ? "try-" : "", *who = decoder ? "decoder" : "encoder";
	char key[WORD], value[WORD];

	*cmd = (struct command){ 0 };
	while (ctl_next_pair(&text, key, value, WORD))
		if (!parse_pair(key, value, decoder, cmd))
			return ctl_usage_text("--%s%s-cmd: '%s=%s': give cmd=start, stop, pause or "
					      "resume, and %s", try, who, key, value,
					      decoder ? "flags=, stop_pts=, start_speed=, "
							"start_format= as v4l2-ctl has them"
						      : "flags=stop_at_gop_end");
	if (!cmd->has_cmd)
		return ctl_usage_text("--%s%s-cmd: give cmd=start, stop, pause or resume", try,
				      who);
	for (uint32_t i = 0; i < NUM_CMDS; i++)
		if (cmd->flags[i] && i != cmd->cmd)
			return ctl_usage_text("--%s%s-cmd: a flag is one of cmd=%s; leave it out",
					      try, who, ctl_name(cmd_words, i));
	return 0;
}

/* What became of a command that was tried. */
static void print(uint32_t cmd, const struct ctl_name *const *words, uint32_t flags)
{
	printf("\t%s", ctl_name(cmd_words, cmd));
	if (flags) {
		printf(", ");
		ctl_print_flags_inline(cmd < NUM_CMDS ? words[cmd] : no_flags, flags);
	}
	putchar('\n');
}

int ctl_decoder_cmd(struct ctl *c, const char *spec, bool try_only)
{
	struct vmedia_decoder_cmd dec = { 0 };
	struct command cmd;
	int ret = parse(spec, true, try_only, &cmd);

	if (ret < 0)
		return ret;
	dec.cmd = cmd.cmd;
	dec.flags = cmd.flags[cmd.cmd];
	if (cmd.cmd == V4L2_DEC_CMD_STOP) {
		dec.stop.pts = (uint64_t)cmd.stop_pts;
	} else if (cmd.cmd == V4L2_DEC_CMD_START) {
		dec.start.speed = (int32_t)cmd.start_speed;
		dec.start.format = cmd.start_format;
	}
	ret = vmedia_ioctl(c->f, try_only ? VIDIOC_TRY_DECODER_CMD : VIDIOC_DECODER_CMD, &dec);
	if (ret < 0)
		return ctl_fail(try_only ? "VIDIOC_TRY_DECODER_CMD" : "VIDIOC_DECODER_CMD", ret);
	if (try_only)
		print(dec.cmd, dec_flags, dec.flags);
	return 0;
}

int ctl_encoder_cmd(struct ctl *c, const char *spec, bool try_only)
{
	struct vmedia_encoder_cmd enc = { 0 };
	struct command cmd;
	int ret = parse(spec, false, try_only, &cmd);

	if (ret < 0)
		return ret;
	enc.cmd = cmd.cmd;
	enc.flags = cmd.flags[cmd.cmd];
	ret = vmedia_ioctl(c->f, try_only ? VIDIOC_TRY_ENCODER_CMD : VIDIOC_ENCODER_CMD, &enc);
	if (ret < 0)
		return ctl_fail(try_only ? "VIDIOC_TRY_ENCODER_CMD" : "VIDIOC_ENCODER_CMD", ret);
	if (try_only)
		print(enc.cmd, enc_flags, enc.flags);
	return 0;
}
