// SPDX-License-Identifier: GPL-2.0-only
/* /dev/told_version: contains the release of the kernel whose headers this was built against. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <generated/utsrelease.h>

static ssize_t told_version_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	return simple_read_from_buffer(to, size, offset, UTS_RELEASE, sizeof(UTS_RELEASE) - 1);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = told_version_read,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "told_version",
	.fops = &operations,
};

module_misc_device(device);
MODULE_DESCRIPTION("Tells what it was compiled against");
MODULE_LICENSE("GPL v2");
