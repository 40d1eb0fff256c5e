// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/pin_pages: pins pages of the caller by fast GUP, one by one from the highest address
 * down, for kernels without another interface that does.
 *
 *	struct iovec range = { at, len };
 *
 *	write(fd, &range, sizeof(range))	pins these pages for writing
 *	pread(fd, buf, size, offset)		reads them through their pins, whatever
 *						the page tables map by then
 *	close(fd)				unpins them, as does a range of length 0
 *
 * An open file pins one range. There is no ioctl, because the VFS uses the lowest numbers.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#ifdef CONFIG_HIGHMEM
#error "reads pinned pages through the direct map, which high memory is not in"
#endif

struct pins {
	struct mutex lock;
	int count;
	/* In address order. */
	struct page *pages[];
};

/* struct pins is one page, allocated at open, so that pinning allocates nothing. */
#define MAX_PAGES	((PAGE_SIZE - sizeof(struct pins)) / sizeof(struct page *))

static void unpin(struct pins *pins)
{
	unpin_user_pages(pins->pages, pins->count);
	pins->count = 0;
}

static int pin(struct pins *pins, unsigned long at, int count)
{
	int left = count, got = 1;

	while (left && got == 1) {
		left--;
		got = pin_user_pages_fast(at + left * PAGE_SIZE, 1, FOLL_WRITE | FOLL_LONGTERM,
					  &pins->pages[left]);
	}
	if (got == 1) {
		pins->count = count;
		return 0;
	}
	/* Pinning goes down, so the lowest page tried is the one that failed. */
	unpin_user_pages(pins->pages + left + 1, count - left - 1);
	return got ? got : -EFAULT;
}

static ssize_t pin_pages_write(struct file *file, const char __user *from, size_t size,
			       loff_t *offset)
{
	struct pins *pins = file->private_data;
	struct iovec range;
	int err;

	if (size != sizeof(range))
		return -EINVAL;
	if (copy_from_user(&range, from, size))
		return -EFAULT;
	if (((unsigned long)range.iov_base | range.iov_len) & ~PAGE_MASK ||
	    range.iov_len / PAGE_SIZE > MAX_PAGES)
		return -EINVAL;
	mutex_lock(&pins->lock);
	unpin(pins);
	err = pin(pins, (unsigned long)range.iov_base, range.iov_len / PAGE_SIZE);
	mutex_unlock(&pins->lock);
	return err ? err : size;
}

/* Reads at most to the end of one page. */
static ssize_t pin_pages_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	struct pins *pins = file->private_data;
	loff_t page = *offset >> PAGE_SHIFT;
	ssize_t got = 0;

	mutex_lock(&pins->lock);
	if (page >= 0 && page < pins->count) {
		loff_t inside = *offset & ~PAGE_MASK;

		got = simple_read_from_buffer(to, size, &inside, page_address(pins->pages[page]),
					      PAGE_SIZE);
	}
	mutex_unlock(&pins->lock);
	if (got > 0)
		*offset += got;
	return got;
}

static int pin_pages_open(struct inode *inode, struct file *file)
{
	struct pins *pins = kzalloc(PAGE_SIZE, GFP_KERNEL);

	if (!pins)
		return -ENOMEM;
	mutex_init(&pins->lock);
	file->private_data = pins;
	return 0;
}

static int pin_pages_release(struct inode *inode, struct file *file)
{
	unpin(file->private_data);
	kfree(file->private_data);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = pin_pages_open,
	.read = pin_pages_read,
	.write = pin_pages_write,
	.release = pin_pages_release,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pin_pages",
	.fops = &operations,
	.mode = 0600,
};

module_misc_device(device);
MODULE_DESCRIPTION("Pins pages of the caller by fast GUP");
MODULE_LICENSE("GPL v2");
