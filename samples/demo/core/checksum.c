// SPDX-License-Identifier: MIT
/* Checksums: of a record, and of an attribute's name. */
#include <ringlog.h>

struct seed {
	u32 value;
	u32 uses;
};

/* Inlined into checksum_byte(), and with it into every loop. */
static u32 rotate(u32 sum, u32 by)
{
	return (sum << by) | (sum >> (32 - by));
}

static u32 checksum_byte(u32 sum, u8 byte, u32 factor)
{
	return rotate(sum ^ byte, 5) * factor;
}

/* Every caller gives the same factor: checksum_text.constprop.0. */
static noinline u32 checksum_text(const char *text, u32 sum, u32 factor)
{
	for (; *text; text++)
		sum = checksum_byte(sum, (u8)*text, factor);
	return sum;
}

/*
 * Every caller gives the same factor, and only seed->value is read: first checksum_block.constprop.0, and of that
 * checksum_block.constprop.0.isra.0, a clone of a clone.
 */
static noinline u32 checksum_block(const struct seed *seed, const u8 *bytes, u32 count, u32 factor)
{
	u32 sum = seed->value;

	for (u32 i = 0; i < count; i++)
		sum = checksum_byte(sum, bytes[i], factor);
	return sum;
}

static struct seed header_seed = { .value = 0x9e3779b1u };
static struct seed payload_seed = { .value = 0x85ebca6bu };

u32 checksum_record(const struct record *rec)
{
	u32 sum = checksum_block(&header_seed, (const u8 *)&rec->id, sizeof(rec->id), 0x01000193u);

	header_seed.uses++;
	payload_seed.uses++;
	return sum ^ checksum_block(&payload_seed, (const u8 *)(rec + 1), rec->len, 0x01000193u);
}

u32 checksum_name(const char *name, u32 salt)
{
	return checksum_text(name, checksum_text(name, salt, 0x01000193u), 0x01000193u);
}
