// SPDX-License-Identifier: GPL-2.0
/*
 * hwlab_w1: a 1-Wire bus master with simulated DS18B20 thermometers, so that the kernel's own w1 core and w1_therm
 * driver run without hardware. It works at the level of the bus master's operations.
 *
 *   modprobe hwlab_w1 temps=21500,-1250      one thermometer per entry, in milli degrees Celsius
 *
 * Parameters that can be written while it runs, in /sys/module/hwlab_w1/parameters: temps; badcrc, a bit mask of
 * thermometers whose scratchpad CRC is wrong; absent, of those that are unplugged; reset, of those that lost power and
 * say 85 degrees until told otherwise; shorted, 1 while the data line lies on ground.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/unaligned.h>
#include <linux/w1.h>

#define MAXS 8
static int temps[MAXS] = { 21500 };
static int ntemps = 1;
module_param_array(temps, int, &ntemps, 0644);
MODULE_PARM_DESC(temps, "temperatures in milli degrees Celsius");
static uint badcrc, absent, reset, shorted;
module_param(badcrc, uint, 0644);
module_param(absent, uint, 0644);
module_param(reset, uint, 0644);
module_param(shorted, uint, 0644);

struct dev { u64 id; u8 sp[9]; };
static struct dev devs[MAXS];
static int count;			/* number of sensors on the bus, fixed at load time */

/* bus state */
static enum { B_IDLE, B_ROM, B_MATCH, B_SEARCH, B_FUNC, B_READ, B_WRITE, B_BUSY } st;
static u8 cmd, nbits, rxbyte;
static u64 match;
static int sbit, sphase;
static u32 active;			/* sensors still taking part */
static u8 wrpos;
static int rdpos;
static unsigned long ready_at;

static u32 present(void) { return ((1u << count) - 1) & ~absent; }

static u8 crc8(const u8 *p, int n)
{
	u8 c = 0;

	while (n--) {
		u8 b = *p++;
		int i;

		for (i = 0; i < 8; i++, b >>= 1)
			c = ((c ^ b) & 1) ? (c >> 1) ^ 0x8c : c >> 1;
	}
	return c;
}

static void convert(struct dev *d, int milli)
{
	int raw = DIV_ROUND_CLOSEST(milli * 16, 1000);

	d->sp[0] = raw; d->sp[1] = raw >> 8;
}

static void rom_cmd(u8 c)
{
	switch (c) {
	case 0x33: case 0xcc: active &= present(); st = c == 0x33 ? B_READ : B_FUNC; rdpos = -64; break;
	case 0x55: st = B_MATCH; match = 0; nbits = 0; break;
	case 0xf0: st = B_SEARCH; sbit = 0; sphase = 0; active = present(); break;
	default: st = B_IDLE;
	}
}

static void func_cmd(u8 c)
{
	int i;

	cmd = c;
	switch (c) {
	case 0x44:	/* convert T */
		for (i = 0; i < count; i++)
			if (active & BIT(i))
				convert(&devs[i], reset & BIT(i) ? 85000 : temps[i]);
		ready_at = jiffies + msecs_to_jiffies(750 >> (3 - ((devs[0].sp[4] >> 5) & 3)));
		st = B_BUSY;
		break;
	case 0xbe: st = B_READ; rdpos = 0; break;
	case 0x4e: st = B_WRITE; wrpos = 2; nbits = 0; break;
	case 0xb4: st = B_READ; rdpos = 1000; break;		/* external power: reads 1 */
	case 0x48: case 0xb8: st = B_BUSY; ready_at = jiffies; break;
	default: st = B_IDLE;
	}
}

static u8 touch_bit(void *data, u8 bit)
{
	int i;
	u8 r = 1;

	if (shorted)
		return 0;
	switch (st) {
	case B_ROM: case B_FUNC: case B_WRITE:
		rxbyte = (rxbyte >> 1) | (bit ? 0x80 : 0);
		if (++nbits < 8)
			return bit;
		nbits = 0;
		if (st == B_ROM) {
			rom_cmd(rxbyte);
		} else if (st == B_FUNC) {
			func_cmd(rxbyte);
		} else {
			for (i = 0; i < count; i++)
				if (active & BIT(i))
					devs[i].sp[wrpos] = rxbyte;
			if (++wrpos == 5)
				st = B_IDLE;
		}
		return bit;
	case B_MATCH:
		if (bit)
			match |= 1ULL << nbits;
		if (++nbits == 64) {
			active = 0; nbits = 0;
			for (i = 0; i < count; i++)
				if ((present() & BIT(i)) && devs[i].id == match)
					active |= BIT(i);
			st = B_FUNC;
		}
		return bit;
	case B_SEARCH:
		if (sphase < 2) {	/* wired AND of the id bit, then of its complement */
			for (i = 0; i < count; i++)
				if (active & BIT(i))
					r &= ((devs[i].id >> sbit) & 1) ^ sphase;
			sphase++;
			return r;
		}
		for (i = 0; i < count; i++)
			if (((devs[i].id >> sbit) & 1) != bit)
				active &= ~BIT(i);
		sphase = 0;
		if (++sbit == 64)
			st = B_FUNC;
		return bit;
	case B_READ:
		if (!bit || rdpos >= 1000)
			return bit;
		for (i = 0; i < count; i++) {
			if (!(active & BIT(i)))
				continue;
			if (rdpos < 0) {
				r &= (devs[i].id >> (64 + rdpos)) & 1;
			} else if (rdpos < 72) {
				devs[i].sp[8] = crc8(devs[i].sp, 8) ^ ((badcrc & BIT(i)) ? 0xff : 0);
				r &= (devs[i].sp[rdpos / 8] >> (rdpos % 8)) & 1;
			}
		}
		rdpos++;
		if (rdpos == 0)
			st = B_FUNC;
		return r;
	case B_BUSY:
		return time_after_eq(jiffies, ready_at);
	default:
		return bit;
	}
}

static u8 reset_bus(void *data)
{
	st = B_ROM; nbits = 0; active = present();
	return shorted || present() ? 0 : 1;
}

static struct w1_bus_master master = { .touch_bit = touch_bit, .reset_bus = reset_bus };

static const u8 power_on[9] = { 0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10, 0 };	/* 85 C, 12 bits */

static int __init hwlab_w1_init(void)
{
	int i;

	count = clamp(ntemps, 1, MAXS);
	for (i = 0; i < count; i++) {
		u8 id[8] = { 0x28, i + 1, 0, 0, 0, 0xab, 0, 0 };

		id[7] = crc8(id, 7);
		devs[i].id = get_unaligned_le64(id);
		memcpy(devs[i].sp, power_on, sizeof(power_on));
	}
	return w1_add_master_device(&master);
}

static void __exit hwlab_w1_exit(void)
{
	w1_remove_master_device(&master);
}
module_init(hwlab_w1_init);
module_exit(hwlab_w1_exit);
MODULE_DESCRIPTION("Simulated 1-Wire bus with DS18B20 thermometers");
MODULE_LICENSE("GPL");
