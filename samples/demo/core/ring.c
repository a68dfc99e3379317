// SPDX-License-Identifier: MIT
/* The ring itself: appending, evicting and reading records. */
#include <ringlog.h>

static void copy_bytes(u8 *to, const u8 *from, u32 count)
{
	while (count--)
		*to++ = *from++;
}

static inline const struct record *record_at(const struct ring *ring, u32 offset)
{
	return (const struct record *)(ring->data + ring->head + offset);
}

/* Becomes record_verify.isra.0, which takes the ring's size instead of the ring. */
static noinline int record_verify(const struct ring *ring, const struct record *rec, u32 flags)
{
	if (!record_fits(ring, rec))
		return -RL_EINVAL;
	if (flags & RL_NOSUM)
		return 0;
	return checksum_record(rec) == rec->sum ? 0 : -RL_EIO;
}

/* Inlined into ring_read() and ring_drain() and then gone: they are what calls record_verify.isra.0. */
static const struct record *ring_next(const struct ring *ring, u32 *offset, u32 flags)
{
	const struct record *rec = record_at(ring, *offset);

	if (*offset >= ring->used || record_verify(ring, rec, flags))
		return NULL;
	*offset += record_bytes(rec);
	return rec;
}

/* The slow way is split off as ring_make_room.part.0; the quick one is inlined. */
static void ring_make_room(struct ring *ring, u32 need)
{
	if (likely(ring->size - ring->used >= need))
		return;

	ring_evicting(ring);
	while (ring->used && ring->size - ring->used < need) {
		const struct record *oldest = record_at(ring, 0);
		u32 bytes = record_bytes(oldest);

		if (!record_fits(ring, oldest)) {
			ring_corrupt(ring);
			break;
		}
		ring->used -= bytes;
		ring->head += bytes;
		ring->lost++;
	}
	for (u32 i = 0; i < ring->used; i++)
		ring->data[i] = ring->data[ring->head + i];
	ring->head = 0;
}

int ring_append(struct ring *ring, const struct record *rec)
{
	u32 bytes = record_bytes(rec);

	if (!record_fits(ring, rec))
		return -RL_EINVAL;
	ring_make_room(ring, bytes);
	if (ring->size - ring->used < bytes)
		return -RL_ENOSPC;
	copy_bytes(ring->data + ring->head + ring->used, (const u8 *)rec, bytes);
	ring->used += bytes;
	return 0;
}

int ring_resize(struct ring *ring, u32 size)
{
	if (size > ring->size)
		return -RL_ENOSPC;
	ring_make_room(ring, ring->size - size);
	if (ring->size - ring->used < ring->size - size)
		return -RL_ENOSPC;
	ring->size = size;
	return 0;
}

long ring_read(const struct ring *ring, u8 *to, u32 room, u32 flags)
{
	const struct record *rec;
	u32 offset = 0, done = 0;

	while ((rec = ring_next(ring, &offset, flags))) {
		if (room - done < rec->len)
			break;
		copy_bytes(to + done, (const u8 *)(rec + 1), rec->len);
		done += rec->len;
	}
	return done;
}

u32 ring_drain(struct ring *ring, u32 flags)
{
	u32 offset = 0, count = 0;

	while (ring_next(ring, &offset, flags))
		count++;
	ring->used = 0;
	ring->head = 0;
	return count;
}

u32 ring_select(const struct ring *ring, int (*want)(const struct ring *ring, const struct record *rec))
{
	u32 offset = 0, count = 0;

	while (offset < ring->used) {
		const struct record *rec = record_at(ring, offset);

		count += want(ring, rec) != 0;
		offset += record_bytes(rec);
	}
	return count;
}
