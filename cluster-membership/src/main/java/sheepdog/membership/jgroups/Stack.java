package sheepdog.membership.jgroups;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jgroups.conf.ProtocolConfiguration;
import org.jgroups.conf.ProtocolStackConfigurator;

/**
 * The JGroups protocols, bottom to top, with the reason for each setting that is not the library's own.
 *
 * <p>There is no ordering, state transfer or flow control in it. Order and agreement are the cluster log's. JGroups' flow
 * control blocks the sender until a slow receiver has caught up, so one stopped sheep would hold up the heartbeats to all
 * others; instead {@link sheepdog.membership.transport.SendWindow} drops what exceeds a bound.
 */
final class Stack implements ProtocolStackConfigurator {
    /** The failure detector listens on the transport's port plus this. */
    static final int FAILURE_DETECTOR_PORT_OFFSET = 100;

    /** How many ports beyond it are tried when the first is taken. */
    static final int FAILURE_DETECTOR_PORTS = 9;

    private static final String BUNDLER_BYTES = "64000";
    private static final String FRAGMENT_BYTES = "60000";

    private final List<ProtocolConfiguration> protocols = new ArrayList<>();

    /**
     * @param bind            address to send and listen on
     * @param socketBytesMax  most that the kernel gives for a socket's buffer; asking for more makes JGroups warn
     * @param messageBytesMax largest frame accepted over TCP
     */
    Stack(JGroupsConfig config, InetAddress bind, int socketBytesMax, int messageBytesMax) {
        switch (config.discovery()) {
            case JGroupsConfig.Discovery.Multicast multicast -> udp(config, multicast, bind, socketBytesMax);
            case JGroupsConfig.Discovery.Tcp tcp -> tcp(config, tcp, bind, messageBytesMax);
        }
        JGroupsConfig.Timing timing = config.timing();
        add("MERGE3", "min_interval", millis(timing.mergeMin()), "max_interval", millis(timing.mergeMax()));
        add(
                "FD_SOCK2",
                "bind_addr",
                bind.getHostAddress(),
                "offset",
                "" + FAILURE_DETECTOR_PORT_OFFSET,
                "port_range",
                "" + FAILURE_DETECTOR_PORTS,
                "connect_timeout",
                "500");
        add(
                "FD_ALL3",
                "timeout",
                millis(timing.silence()),
                "interval",
                millis(timing.silence().dividedBy(6)));
        add("VERIFY_SUSPECT2", "timeout", millis(timing.verify()));
        add("pbcast.NAKACK2", "xmit_interval", "200", "use_mcast_xmit", "false", "log_discard_msgs", "false");
        add("UNICAST3", "xmit_interval", "200");
        add("pbcast.STABLE", "desired_avg_gossip", "20s", "max_bytes", "4M");
        add(
                "pbcast.GMS",
                "print_local_addr",
                "false",
                "join_timeout",
                millis(timing.join()),
                "max_join_attempts",
                "3",
                "leave_timeout",
                "500",
                "merge_timeout",
                "2000",
                "view_ack_collection_timeout",
                "1000",
                "log_view_warnings",
                "false");
        add("FRAG4", "frag_size", FRAGMENT_BYTES);
    }

    private void udp(
            JGroupsConfig config, JGroupsConfig.Discovery.Multicast multicast, InetAddress bind, int socketBytesMax) {
        String receive = "" + Math.min(4 << 20, socketBytesMax);
        String send = "" + Math.min(1 << 20, socketBytesMax);
        transport(
                "UDP",
                config,
                bind,
                Map.of(
                        "port_range",
                        config.port() == 0 ? "50" : "0",
                        "mcast_addr",
                        multicast.address().getHostAddress(),
                        "mcast_port",
                        "" + multicast.port(),
                        "ip_ttl",
                        "" + multicast.ttl(),
                        "mcast_recv_buf_size",
                        receive,
                        "ucast_recv_buf_size",
                        receive,
                        "mcast_send_buf_size",
                        send,
                        "ucast_send_buf_size",
                        send,
                        "bundler.use_single_sender_thread",
                        "true"));
        add("PING");
    }

    private void tcp(JGroupsConfig config, JGroupsConfig.Discovery.Tcp tcp, InetAddress bind, int messageBytesMax) {
        transport(
                "TCP",
                config,
                bind,
                Map.of(
                        "port_range", "0",
                        "tcp_nodelay", "true",
                        "sock_conn_timeout", "500",
                        "linger", "0",
                        "max_length", "" + messageBytesMax,
                        "log_details", "false",
                        // A socket's write blocks while its peer is stopped: each peer has a thread of its own.
                        "bundler.use_single_sender_thread", "false"));
        add(
                "TCPPING",
                "initial_hosts",
                tcp.hosts().stream().map(Stack::bracketed).collect(Collectors.joining(",")),
                "port_range",
                "0",
                "async_discovery_use_separate_thread_per_request",
                "true");
    }

    private void transport(String name, JGroupsConfig config, InetAddress bind, Map<String, String> own) {
        var all = new LinkedHashMap<>(own);
        all.put("bind_addr", bind.getHostAddress());
        all.put("bind_port", "" + config.port());
        all.put("bundler_type", "pd");
        all.put("bundler.max_size", BUNDLER_BYTES);
        all.put("diag.enabled", "false");
        all.put("thread_pool.min_threads", "0");
        all.put("thread_pool.max_threads", "64");
        all.put("use_virtual_threads", "false");
        all.put("log_discard_msgs", "false");
        all.put("log_discard_msgs_version", "false");
        protocols.add(new ProtocolConfiguration(name, all));
    }

    private void add(String name, String... keysAndValues) {
        var properties = new LinkedHashMap<String, String>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            properties.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        protocols.add(new ProtocolConfiguration(name, properties));
    }

    private static String bracketed(InetSocketAddress host) {
        return host.getHostString() + "[" + host.getPort() + "]";
    }

    private static String millis(Duration time) {
        return "" + time.toMillis();
    }

    @Override
    public String getProtocolStackString() {
        return protocols.stream().map(ProtocolConfiguration::toString).collect(Collectors.joining(":"));
    }

    @Override
    public List<ProtocolConfiguration> getProtocolStack() {
        return protocols;
    }
}
