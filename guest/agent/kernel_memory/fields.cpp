// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/fields.hpp"

#include <algorithm>
#include <array>

namespace nap::agent {

namespace {

struct Field {
    const char *type, *name;
};
constexpr std::array kWanted = {
    // Tasks
    Field{"task_struct", "tasks"},
    Field{"task_struct", "pid"},
    Field{"task_struct", "signal"},
    Field{"task_struct", "thread_node"},
    Field{"task_struct", "nsproxy"},
    Field{"task_struct", "cred"},
    Field{"task_struct", "mm"},
    Field{"task_struct", "sysvsem"},
    Field{"signal_struct", "thread_head"},
    Field{"nsproxy", "ipc_ns"},
    Field{"task_struct", "tgid"},
    // Open files
    Field{"file", "f_op"},
    Field{"file", "private_data"},
    Field{"file", "f_flags"},
    Field{"file", "f_inode"},
    Field{"inode", "i_state"},
    // Files without a name
    Field{"inode", "i_nlink"},
    Field{"inode", "i_sb"},
    Field{"super_block", "s_magic"},
    Field{"mm_struct", "exe_file"},
    // Signals for changes in directories
    Field{"task_struct", "files"},
    Field{"fsnotify_group", "marks_list"},
    Field{"fsnotify_mark", "g_list"},
    Field{"dnotify_mark", "fsn_mark"},
    Field{"dnotify_mark", "dn"},
    Field{"dnotify_struct", "dn_owner"},
    Field{"dnotify_struct", "dn_next"},
    // Timers that watch the clock
    Field{"timerfd_ctx", "might_cancel"},
    Field{"timerfd_ctx", "moffs"},
    // Queues of inotify
    Field{"fsnotify_group", "notification_list"},
    Field{"fsnotify_group", "q_len"},
    Field{"fsnotify_group", "max_events"},
    Field{"fsnotify_group", "inotify_data"},
    Field{"inotify_group_private_data", "idr"},
    Field{"idr", "idr_next"},
    Field{"inotify_event_info", "mask"},
    Field{"inotify_event_info", "wd"},
    Field{"inotify_event_info", "sync_cookie"},
    Field{"inotify_event_info", "name_len"},
    Field{"inotify_event_info", "name"},
    // Pressure triggers
    Field{"seq_file", "private"},
    Field{"kernfs_open_file", "priv"},
    Field{"cgroup_file_ctx", "psi"},
    Field{"psi_trigger", "state"},
    Field{"psi_trigger", "threshold"},
    Field{"psi_trigger", "win"},
    Field{"psi_window", "size"},
    // Credentials
    Field{"cred", "security"},
    Field{"lsm_blob_sizes", "lbs_cred"},
    // Keys
    Field{"key", "usage"},
    Field{"key", "serial_node"},
    Field{"key", "type"},
    Field{"key", "description"},
    Field{"key", "uid"},
    Field{"key", "gid"},
    Field{"key", "perm"},
    Field{"key", "serial"},
    Field{"key", "keys"},
    Field{"key", "payload"},
    Field{"key", "expiry"},
    Field{"user_key_payload", "datalen"},
    Field{"user_key_payload", "data"},
    Field{"assoc_array", "root"},
    Field{"assoc_array_node", "slots"},
    Field{"assoc_array_shortcut", "next_node"},
    Field{"cred", "session_keyring"},
    Field{"task_struct", "thread_pid"},
    Field{"pid", "level"},
    Field{"key_type", "name"},
    // Memory areas
    Field{"vm_area_struct", "vm_start"},
    Field{"vm_area_struct", "vm_end"},
    Field{"vm_area_struct", "vm_flags"},
    Field{"vm_area_struct", "vm_file"},
    Field{"vm_area_struct", "vm_policy"},
    Field{"vm_area_struct", "anon_name"},
    Field{"vm_area_struct", "shared"},
    Field{"anon_vma_name", "name"},
    Field{"mempolicy", "mode"},
    Field{"mempolicy", "flags"},
    Field{"mempolicy", "nodes"},
    Field{"mempolicy", "home_node"},
    Field{"mempolicy", "w"},
    // User namespaces
    Field{"cred", "user_ns"},
    Field{"mm_struct", "user_ns"},
    Field{"ipc_namespace", "user_ns"},
    Field{"uts_namespace", "user_ns"},
    Field{"mnt_namespace", "user_ns"},
    Field{"nsproxy", "uts_ns"},
    Field{"nsproxy", "mnt_ns"},
    Field{"user_namespace", "level"},
    Field{"user_namespace", "ns"},
    Field{"user_namespace", "owner"},
    Field{"ns_common", "inum"},
    // IPC namespaces
    Field{"ipc_namespace", "ids"},
    Field{"ipc_namespace", "mq_mnt"},
    Field{"ipc_ids", "in_use"},
    Field{"ipc_ids", "seq"},
    Field{"ipc_ids", "last_idx"},
    // Undo values of System V semaphores
    Field{"sem_undo_list", "list_proc"},
    Field{"sem_undo", "list_proc"},
    Field{"sem_undo", "semid"},
    Field{"sem_undo", "semadj"},
    // POSIX message queues
    Field{"vfsmount", "mnt_sb"},
    Field{"super_block", "s_inodes"},
    Field{"inode", "i_sb_list"},
    Field{"inode", "i_ino"},
    Field{"inode", "i_mode"},
    Field{"inode", "i_uid"},
    Field{"inode", "i_gid"},
    Field{"mqueue_inode_info", "vfs_inode"},
    Field{"mqueue_inode_info", "msg_tree"},
    Field{"mqueue_inode_info", "attr"},
    Field{"mqueue_inode_info", "notify"},
    Field{"mqueue_inode_info", "notify_owner"},
    Field{"mqueue_inode_info", "notify_sock"},
    Field{"mqueue_inode_info", "notify_cookie"},
    Field{"posix_msg_tree_node", "rb_node"},
    Field{"posix_msg_tree_node", "msg_list"},
    Field{"rb_node", "rb_left"},
    Field{"rb_node", "rb_right"},
    Field{"msg_msg", "m_list"},
    Field{"msg_msg", "m_type"},
    Field{"msg_msg", "m_ts"},
    Field{"msg_msg", "next"},
    Field{"msg_msgseg", "next"},
    Field{"sock", "sk_socket"},
    Field{"socket_alloc", "socket"},
    Field{"socket_alloc", "vfs_inode"},
    Field{"sk_buff", "data"},
    Field{"sk_buff", "next"},
    Field{"sk_buff", "sk"},
    Field{"sk_buff", "len"},
    Field{"sk_buff", "data_len"},
    Field{"sk_buff", "head"},
    Field{"sk_buff", "end"},
    Field{"sk_buff", "cb"},
    Field{"skb_shared_info", "nr_frags"},
    Field{"skb_shared_info", "frags"},
    Field{"page", "flags"},  // for its size
    // Unix sockets
    Field{"nsproxy", "net_ns"},
    Field{"net", "unx"},
    Field{"netns_unix", "table"},
    Field{"unix_table", "buckets"},
    Field{"sock_common", "skc_state"},
    Field{"sock", "sk_receive_queue"},
    Field{"sock", "sk_peer_pid"},
    Field{"sock", "sk_peer_cred"},
    Field{"sock_common", "skc_node"},
    Field{"unix_sock", "peer"},
    Field{"unix_sock", "addr"},
    Field{"unix_sock", "oob_skb"},
    Field{"unix_skb_parms", "pid"},
    Field{"unix_skb_parms", "uid"},
    Field{"unix_skb_parms", "gid"},
    Field{"unix_skb_parms", "fp"},
    Field{"cred", "euid"},
    Field{"cred", "egid"},
    Field{"cred", "group_info"},
    Field{"group_info", "ngroups"},
    Field{"group_info", "gid"},
    Field{"pid", "numbers"},
    Field{"upid", "nr"},
    // Sockets
    Field{"socket", "sk"},
    Field{"socket", "state"},
    Field{"sock_common", "skc_family"},
    Field{"sock_common", "skc_flags"},
    Field{"sock", "sk_type"},
    Field{"sock", "sk_protocol"},
    Field{"sock", "sk_shutdown"},
    Field{"sock", "sk_err"},
    Field{"sock", "sk_err_soft"},
    Field{"socket_alloc", "vfs_inode.i_ino"},
    Field{"sock", "sk_receive_queue.qlen"},
    Field{"sock", "sk_error_queue"},
    Field{"sock", "sk_error_queue.qlen"},
    Field{"sock", "sk_tskey"},
    Field{"sock", "sk_zckey"},
    Field{"sock", "sk_drops"},
    Field{"sock", "sk_policy"},
    Field{"inet_sock", "pinet6"},
    Field{"inet_sock", "mc_index"},
    Field{"inet_sock", "mc_addr"},
    Field{"ipv6_pinfo", "flow_label"},
    Field{"ipv6_pinfo", "frag_size"},
    Field{"ipv6_pinfo", "sticky_pktinfo"},
    Field{"ipv6_pinfo", "ipv6_fl_list"},
    Field{"ipv6_pinfo", "ipv6_ac_list"},
    Field{"sock_common", "skc_net"},
    Field{"net", "ipv4.ra_chain"},
    Field{"inet_sock", "ipv6_fl_list"},
    Field{"ip_ra_chain", "next"},
    Field{"ip_ra_chain", "sk"},
    Field{"ip6_ra_chain", "next"},
    Field{"ip6_ra_chain", "sk"},
    Field{"ip6_ra_chain", "sel"},
    Field{"ipv6_ac_socklist", "acl_addr"},
    Field{"ipv6_ac_socklist", "acl_ifindex"},
    Field{"ipv6_ac_socklist", "acl_next"},
    Field{"ipv6_fl_socklist", "next"},
    Field{"ipv6_fl_socklist", "fl"},
    Field{"ip6_flowlabel", "label"},
    Field{"ip6_flowlabel", "dst"},
    Field{"ip6_flowlabel", "linger"},
    Field{"ip6_flowlabel", "share"},
    Field{"ip6_flowlabel", "expires"},
    Field{"ip6_flowlabel", "opt"},
    Field{"udp_sock", "reader_queue"},
    Field{"udp_sock", "reader_queue.qlen"},
    Field{"tcp_sock", "urg_data"},
    Field{"tcp_sock", "snd_up"},
    Field{"tcp_sock", "snd_una"},
    Field{"tcp_sock", "write_seq"},
    Field{"tcp_sock", "ao_info"},
    Field{"netlink_sock", "cb_running"},
    Field{"packet_sock", "fanout"},
    Field{"sk_buff", "transport_header"},
    Field{"sk_buff", "network_header"},
    Field{"sk_buff", "mac_header"},
    Field{"sk_buff", "protocol"},
    Field{"sk_buff", "tstamp"},
    Field{"sk_buff", "skb_iif"},
    Field{"sk_buff", "mark"},
    Field{"sk_buff", "priority"},
    Field{"sk_buff", "vlan_proto"},
    Field{"sk_buff", "vlan_tci"},
    Field{"sk_buff", "__pkt_type_offset"},
    Field{"sk_buff", "csum_start"},
    Field{"sk_buff", "csum_offset"},
    Field{"skb_shared_info", "gso_size"},
    Field{"skb_shared_info", "gso_type"},
    Field{"skb_shared_info", "hwtstamps"},
    Field{"skb_shared_info", "frag_list"},
    // Groups of SO_REUSEPORT
    Field{"sock", "sk_reuseport_cb"},
    Field{"sock_reuseport", "prog"},
    Field{"sock_reuseport", "num_socks"},
    Field{"packet_sock", "stats.stats1.tp_packets"},
    // Files on their way
    Field{"unix_skb_parms", "fp"},
    Field{"scm_fp_list", "count"},
    Field{"scm_fp_list", "fp"},
    Field{"packet_fanout", "type"},
};

std::string key(std::string_view type, std::string_view field) {
    return std::string(type) + "." + std::string(field);
}

}  // namespace

Fields Fields::resolve(const walk::Btf& btf) {
    Fields fields;
    for (const Field& wanted : kWanted) {
        if (const auto offset = btf.offset_of(wanted.type, wanted.name))
            fields.offsets_[key(wanted.type, wanted.name)] = *offset;
        if (const auto size = btf.size_of(wanted.type)) fields.offsets_[key(wanted.type, "")] = *size;
    }
    return fields;
}

Result<std::uint64_t> Fields::offset(std::string_view type, std::string_view field) const {
    const auto found = offsets_.find(key(type, field));
    const bool asked = std::ranges::any_of(kWanted, [&](const Field& wanted) {
        return wanted.type == type && (field.empty() || wanted.name == field);
    });
    if (!asked) return fail(ErrorKind::internal, "nobody asks the kernel's BTF for " + key(type, field));
    if (found == offsets_.end())
        return fail(ErrorKind::unsupported, "this kernel's BTF tells of no field " + key(type, field));
    return found->second;
}

Result<std::uint64_t> Fields::size(std::string_view type) const {
    return offset(type, "");
}

}  // namespace nap::agent
