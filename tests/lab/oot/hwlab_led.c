// SPDX-License-Identifier: GPL-2.0
/*
 * hwlab_led: two LEDs without hardware, so that the kernel's own LED core and its triggers run: hwlab:lamp, which can
 * be dimmed to 255 steps, and hwlab:relay, which is on or off. Unbinding the driver pulls them.
 */
#include <linux/err.h>
#include <linux/leds.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static struct platform_device *device;

static void set(struct led_classdev *led, enum led_brightness brightness)
{
}

static int add(struct platform_device *pdev, const char *name, int most)
{
	struct led_classdev *led = devm_kzalloc(&pdev->dev, sizeof(*led), GFP_KERNEL);

	if (!led)
		return -ENOMEM;
	led->name = name;
	led->max_brightness = most;
	led->brightness_set = set;
	return devm_led_classdev_register(&pdev->dev, led);
}

static int probe(struct platform_device *pdev)
{
	int error = add(pdev, "hwlab:lamp", 255);

	return error ? error : add(pdev, "hwlab:relay", 1);
}

static struct platform_driver driver = { .probe = probe, .driver.name = "hwlab-led" };

static int __init hwlab_led_init(void)
{
	int error = platform_driver_register(&driver);

	if (error)
		return error;
	device = platform_device_register_simple("hwlab-led", -1, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}

static void __exit hwlab_led_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}

module_init(hwlab_led_init);
module_exit(hwlab_led_exit);
MODULE_DESCRIPTION("LEDs without hardware");
MODULE_LICENSE("GPL");
