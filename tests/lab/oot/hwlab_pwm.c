// SPDX-License-Identifier: GPL-2.0
/*
 * hwlab_pwm: a PWM controller without hardware, so that the kernel's own PWM core and its sysfs files run.
 *
 *   modprobe hwlab_pwm channels=2      the device hwlab-pwm, with so many channels
 *
 * It is as strict as controllers are: no period below 1 us, no change of polarity while a channel runs, and a channel
 * that nobody holds any more is switched off. What the channels do can be seen in /sys/kernel/debug/hwlab_pwm, whoever
 * holds them. While the parameter taken is 1, channel 0 is refused, as if a driver of the kernel's held it. Unbinding
 * the driver pulls the controller, binding it puts another one in its place.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pwm.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#define MAXCH 16
static int channels = 2;
module_param(channels, int, 0444);
static bool taken;
module_param(taken, bool, 0644);
static struct pwm_state now[MAXCH];
static struct platform_device *device;
static struct dentry *file;

static int request(struct pwm_chip *chip, struct pwm_device *pwm)
{
	return taken && pwm->hwpwm == 0 ? -EBUSY : 0;
}

static int apply(struct pwm_chip *chip, struct pwm_device *pwm, const struct pwm_state *wanted)
{
	struct pwm_state *state = &now[pwm->hwpwm];

	if (wanted->period < 1000)
		return -EINVAL;
	if (state->enabled && wanted->enabled && state->polarity != wanted->polarity)
		return -EBUSY;
	*state = *wanted;
	return 0;
}

static int get_state(struct pwm_chip *chip, struct pwm_device *pwm, struct pwm_state *state)
{
	*state = now[pwm->hwpwm];
	return 0;
}

static void let_go(struct pwm_chip *chip, struct pwm_device *pwm)
{
	now[pwm->hwpwm].enabled = false;
}

static const struct pwm_ops ops = { .request = request, .free = let_go, .apply = apply, .get_state = get_state };

static int channels_show(struct seq_file *out, void *unused)
{
	int i;

	for (i = 0; i < channels; i++)
		seq_printf(out, "%d %s %s %llu/%llu\n", i, now[i].enabled ? "on" : "off",
			   now[i].polarity == PWM_POLARITY_INVERSED ? "inversed" : "normal", now[i].duty_cycle,
			   now[i].period);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(channels);

static int probe(struct platform_device *pdev)
{
	struct pwm_chip *chip = devm_pwmchip_alloc(&pdev->dev, channels, 0);

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	memset(now, 0, sizeof(now));
	chip->ops = &ops;
	return devm_pwmchip_add(&pdev->dev, chip);
}

static struct platform_driver driver = { .probe = probe, .driver.name = "hwlab-pwm" };

static int __init hwlab_pwm_init(void)
{
	int error;

	channels = clamp(channels, 1, MAXCH);
	error = platform_driver_register(&driver);
	if (error)
		return error;
	device = platform_device_register_simple("hwlab-pwm", -1, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	file = debugfs_create_file("hwlab_pwm", 0444, NULL, NULL, &channels_fops);
	return 0;
}

static void __exit hwlab_pwm_exit(void)
{
	debugfs_remove(file);
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}

module_init(hwlab_pwm_init);
module_exit(hwlab_pwm_exit);
MODULE_DESCRIPTION("PWM controller without hardware");
MODULE_LICENSE("GPL");
