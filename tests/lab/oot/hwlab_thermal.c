// SPDX-License-Identifier: GPL-2.0
/*
 * hwlab_thermal: a thermal zone of the type hwlab-thermal, which is as warm as the parameter `temp` says. Unloading the
 * module takes it away.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/thermal.h>

static int temp = 40000;
module_param(temp, int, 0644);
MODULE_PARM_DESC(temp, "temperature in milli degrees Celsius");
static struct thermal_zone_device *zone;

static int get_temp(struct thermal_zone_device *of, int *value)
{
	*value = temp;
	return 0;
}

static const struct thermal_zone_device_ops ops = { .get_temp = get_temp };

static int __init hwlab_thermal_init(void)
{
	int error;

	zone = thermal_tripless_zone_device_register("hwlab-thermal", NULL, &ops, NULL);
	if (IS_ERR(zone))
		return PTR_ERR(zone);
	error = thermal_zone_device_enable(zone);
	if (error)
		thermal_zone_device_unregister(zone);
	return error;
}

static void __exit hwlab_thermal_exit(void)
{
	thermal_zone_device_unregister(zone);
}

module_init(hwlab_thermal_init);
module_exit(hwlab_thermal_exit);
MODULE_DESCRIPTION("A thermal zone without hardware");
MODULE_LICENSE("GPL");
