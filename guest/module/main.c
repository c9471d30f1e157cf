// SPDX-License-Identifier: GPL-2.0-only
/* nap.ko: the newer kernel's half of an update's memory. The device, its calls, and in which state they are due. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"
#include "nap_connection_uapi.h"

static unsigned long u_first_frame;
module_param(u_first_frame, ulong, 0444);
MODULE_PARM_DESC(u_first_frame, "first page frame of user memory");

static unsigned long u_frames;
module_param(u_frames, ulong, 0444);
MODULE_PARM_DESC(u_frames, "page frames of user memory; 0: none, in a kernel that did not begin with an update");

static DEFINE_MUTEX(lock);

static enum {
	WITHHOLDING,	/* before commit: adopt */
	RESUMED,	/* after it: the tasks run */
	FAILED,		/* an adoption failed half-way: nothing more may happen to U */
	SETTLED,
} state;

static u64 adopted;

/* For what belongs before the commit: 0, or why it is refused. */
static int too_late(void)
{
	if (state == WITHHOLDING)
		return 0;
	return state == FAILED ? -ENOTRECOVERABLE : -EALREADY;
}

static long adopt(struct nap_adopt __user *argument)
{
	struct nap_adopt report, request;
	int error;
	int late = too_late();

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	report = (struct nap_adopt){
		.tasks = request.tasks,
		.task_count = request.task_count,
		.spilled = request.spilled,
		.spilled_size = request.spilled_size,
		.error_task = U32_MAX,
		.error_run = U32_MAX,
	};
	if (late)
		return late;

	error = nap_adopt(&report);
	adopted += report.pages_small + report.pages_huge;
	if (error && report.changed) {
		state = FAILED;
		pr_err("adoption failed half-way (%d): task %u, run %u\n", error, report.error_task, report.error_run);
	}
	return copy_to_user(argument, &report, sizeof(report)) ? -EFAULT : error;
}

static long connection(struct nap_connection __user *argument)
{
	struct nap_connection request;
	int error;
	int late = too_late();

	if (late)
		return late;
	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	error = nap_connection(&request);
	if (error)
		return error;
	return copy_to_user(argument, &request, sizeof(request)) ? -EFAULT : 0;
}

static long hold_network(const __s32 __user *argument)
{
	__s32 network;
	int late = too_late();

	if (late)
		return late;
	return get_user(network, argument) ? -EFAULT : nap_hold_network(network);
}

static long status(struct nap_status __user *argument)
{
	struct nap_status report = {
		.first_frame = nap_first_frame(),
		.frames = nap_frames(),
		.withheld = nap_withheld_count(),
		.adopted = adopted,
		.extra_references = nap_references_count(),
		.spilled_waiting = nap_remembered_count(),
	};

	return copy_to_user(argument, &report, sizeof(report)) ? -EFAULT : 0;
}

static long calls(struct nap_calls __user *argument)
{
	struct nap_calls request;
	int error;
	int late = too_late();

	if (late)
		return late;
	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	request.error_call = U32_MAX;
	error = nap_calls_set(&request);
	return copy_to_user(argument, &request, sizeof(request)) ? -EFAULT : error;
}

static long ipc(struct nap_ipc __user *argument)
{
	struct nap_ipc request;
	int error;
	int late = too_late();

	if (late)
		return late;
	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	error = nap_ipc(&request);
	return copy_to_user(argument, &request, sizeof(request)) ? -EFAULT : error;
}

static long accounts(struct nap_accounts __user *argument)
{
	struct nap_accounts report, request;
	int error;
	int late = too_late();

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	report = (struct nap_accounts){ .words = request.words, .word_count = request.word_count };
	if (late)
		return late;
	error = nap_accounts(&report);
	return copy_to_user(argument, &report, sizeof(report)) ? -EFAULT : error;
}

static long resume(void)
{
	if (state != WITHHOLDING)
		return state == FAILED ? -ENOTRECOVERABLE : 0;
	state = RESUMED;
	nap_sockets_close();
	nap_exits_give_back();
	return 0;
}

static long settle(struct nap_settle __user *argument)
{
	struct nap_settle report = {};

	if (state == FAILED)
		return -ENOTRECOVERABLE;
	nap_sockets_close();
	nap_exits_give_back();
	state = SETTLED;
	nap_settle(&report);
	return copy_to_user(argument, &report, sizeof(report)) ? -EFAULT : 0;
}

static long inotify(const struct nap_inotify __user *argument)
{
	struct nap_inotify request;
	int late = too_late();

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (late)
		return late;
	return nap_inotify(&request);
}

static long file(const struct nap_file __user *argument)
{
	struct nap_file request;
	int late = too_late();

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (late)
		return late;
	return nap_file(&request);
}

static long name(const struct nap_name __user *argument)
{
	struct nap_name request;

	return copy_from_user(&request, argument, sizeof(request)) ? -EFAULT : nap_name(&request);
}

static long session_ring(const struct nap_session_ring __user *argument)
{
	struct nap_session_ring request;
	int late = too_late();

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (late)
		return late;
	return nap_session_ring(&request);
}

static long boot_id(const struct nap_boot_id __user *argument)
{
	struct nap_boot_id request;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	return nap_set_boot_id(&request);
}

static long root_group(const s32 __user *argument)
{
	s32 group;

	return get_user(group, argument) ? -EFAULT : nap_root_group(group);
}

static long user_ns(const struct nap_user_ns __user *argument)
{
	struct nap_user_ns request;
	int late = too_late();

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (late)
		return late;
	return nap_user_ns(&request);
}

static long touch(struct nap_touch __user *argument)
{
	struct nap_touch request;
	int error;
	int late = too_late();

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (late)
		return late;
	request.pages = request.ns = 0;
	error = nap_touch(&request);
	return copy_to_user(argument, &request, sizeof(request)) ? -EFAULT : error;
}

static long nap_ioctl(struct file *opened, unsigned int command, unsigned long argument)
{
	long result;

	/* Frames are the machine's: no container's root may name them, nor its process ids. */
	if (!capable(CAP_SYS_ADMIN) || task_active_pid_ns(current) != &init_pid_ns)
		return -EPERM;
	if (!u_frames && command != NAP_IOC_ROOT_GROUP && command != NAP_IOC_NAME)
		return -ENODEV;
	if (mutex_lock_killable(&lock))
		return -EINTR;
	switch (command) {
	case NAP_IOC_BOOT_ID:
		result = boot_id((void __user *)argument);
		break;
	case NAP_IOC_ROOT_GROUP:
		result = root_group((void __user *)argument);
		break;
	case NAP_IOC_ADOPT:
		result = adopt((void __user *)argument);
		break;
	case NAP_IOC_CONNECTION:
		result = connection((void __user *)argument);
		break;
	case NAP_IOC_HOLD_NETWORK:
		result = hold_network((void __user *)argument);
		break;
	case NAP_IOC_STATUS:
		result = status((void __user *)argument);
		break;
	case NAP_IOC_CALLS:
		result = calls((void __user *)argument);
		break;
	case NAP_IOC_SOCKETS:
		result = state == WITHHOLDING ? nap_sockets_open() : -EALREADY;
		break;
	case NAP_IOC_ACCOUNTS:
		result = accounts((void __user *)argument);
		break;
	case NAP_IOC_RESUME:
		result = resume();
		break;
	case NAP_IOC_SETTLE:
		result = settle((void __user *)argument);
		break;
	case NAP_IOC_INOTIFY:
		result = inotify((void __user *)argument);
		break;
	case NAP_IOC_FILE:
		result = file((void __user *)argument);
		break;
	case NAP_IOC_NAME:
		result = name((void __user *)argument);
		break;
	case NAP_IOC_SESSION_RING:
		result = session_ring((void __user *)argument);
		break;
	case NAP_IOC_USER_NS:
		result = user_ns((void __user *)argument);
		break;
	case NAP_IOC_TOUCH:
		result = touch((void __user *)argument);
		break;
	case NAP_IOC_IPC:
		result = ipc((void __user *)argument);
		break;
	default:
		result = -ENOTTY;
	}
	mutex_unlock(&lock);
	return result;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = nap_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nap",
	.fops = &operations,
	.mode = 0600,
};

static int __init start_with_user_memory(void)
{
	int error = nap_references_start(u_frames);

	if (error)
		return error;
	error = nap_withhold_start(u_first_frame, u_frames);
	if (error)
		nap_references_stop();
	return error;
}

static void stop_with_user_memory(void)
{
	if (!u_frames)
		return;
	nap_withhold_stop();
	nap_references_stop();
}

static int __init nap_init(void)
{
	int error = nap_symbols_find();

	if (error)
		return error;
	nap_calls_find();
	if (u_frames) {
		error = start_with_user_memory();
		if (error)
			return error;
	}
	error = nap_held_networks_start();
	if (error)
		goto withhold;
	error = misc_register(&device);
	if (error)
		goto held;
	return 0;

held:
	nap_held_networks_stop();
withhold:
	stop_with_user_memory();
	return error;
}

/* Reached only where nothing is withheld or referenced: the first withheld page pins the module until settle. */
static void __exit nap_exit(void)
{
	misc_deregister(&device);
	nap_held_networks_stop();
	stop_with_user_memory();
}

module_init(nap_init);
module_exit(nap_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Withholds user memory of a machine from the allocator and adopts its pages");
