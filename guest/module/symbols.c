// SPDX-License-Identifier: GPL-2.0-only
/* The table of symbols.h, filled through kallsyms_lookup_name(), whose own address a kprobe tells. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>

#include "compat.h"

#define NAP_DEFINE(function) DEFINE_STATIC_CALL_NULL(nap_##function, function);
NAP_SYMBOLS(NAP_DEFINE)
#undef NAP_DEFINE

unsigned long kallsyms_lookup_name(const char *name);
DEFINE_STATIC_CALL_NULL(nap_lookup, kallsyms_lookup_name);

struct nap_symbol {
	const char *name;
	struct static_call_key *key;
	void *trampoline;
};

#define NAP_ENTRY(function) { #function, &STATIC_CALL_KEY(nap_##function), STATIC_CALL_TRAMP_ADDR(nap_##function) },
static const struct nap_symbol symbols[] = { NAP_SYMBOLS(NAP_ENTRY) };
#undef NAP_ENTRY

unsigned long nap_symbol_address(const char *name)
{
	return static_call(nap_lookup)(name);
}

int nap_symbols_find(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int error, i;

	error = register_kprobe(&probe);
	if (error) {
		pr_err("cannot find symbol kallsyms_lookup_name: kprobe refused (%d)\n", error);
		return error;
	}
	static_call_update(nap_lookup, (void *)probe.addr);
	unregister_kprobe(&probe);

	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *function = (void *)static_call(nap_lookup)(symbols[i].name);

		if (!function) {
			pr_err("this kernel has no symbol %s\n", symbols[i].name);
			return -ENOENT;
		}
		__static_call_update(symbols[i].key, symbols[i].trampoline, function);
	}
	return 0;
}
