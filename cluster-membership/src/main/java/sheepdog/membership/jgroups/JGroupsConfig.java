package sheepdog.membership.jgroups;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import sheepdog.membership.api.ClusterTransport.TransportException;
import sheepdog.protocol.model.Invariant;

/**
 * What an operator can choose about the JGroups transport: the text behind {@code -c jgroups:}.
 *
 * <pre>
 *   jgroups                                                     multicast on the interface of the sheep's address
 *   jgroups:bind=10.0.0.1,mcast=226.94.1.1:5405,group=NAME,ttl=1,port=0
 *   jgroups:tcp=HOST[:PORT],HOST[:PORT]...,bind=eth1,port=7800,group=NAME
 * </pre>
 *
 * <p>The text is a list of {@code key=value} separated by commas. An item without {@code =} is one more host of
 * {@code tcp}, which it must follow. Each key at most once.
 *
 * @param bind      IPv4 address or name of the interface; if absent, the sheep's own address when this host has it
 * @param discovery how sheep find each other
 * @param group     name of the cluster: sheep of other names on the same address and port do not see each other
 * @param port      own port; 0 for any free one (multicast only, since others must know it with TCP)
 * @param timing    how fast failures are noticed
 */
public record JGroupsConfig(Optional<String> bind, Discovery discovery, String group, int port, Timing timing) {
    /** Corosync's, as the original's clusters used it. */
    public static final String MULTICAST_ADDRESS_DEFAULT = "226.94.1.1";

    /** Corosync's, as the original's clusters used it. */
    public static final int MULTICAST_PORT_DEFAULT = 5405;

    /** Stays in the local network. */
    public static final int TTL_DEFAULT = 1;

    /** Where a sheep listens with TCP discovery. The failure detector's port is 100 higher. */
    public static final int TCP_PORT_DEFAULT = 7800;

    /** Name of the cluster when none is given. */
    public static final String GROUP_DEFAULT = "sheepdog";

    private static final int PORT_MAX = 65535 - Stack.FAILURE_DETECTOR_PORT_OFFSET - Stack.FAILURE_DETECTOR_PORTS;
    private static final Pattern GROUP = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,253}");
    private static final Pattern INTERFACE_OR_ADDRESS = Pattern.compile("[A-Za-z0-9._@-]{1,64}");
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    /** How sheep find each other. */
    public sealed interface Discovery {
        /** @param ttl hops a packet may go, 0 to 255; 0 stays on this host */
        record Multicast(InetAddress address, int port, int ttl) implements Discovery {}

        /** @param hosts every sheep's host and port, not resolved; this sheep's own among them does no harm */
        record Tcp(List<InetSocketAddress> hosts) implements Discovery {
            public Tcp {
                hosts = List.copyOf(hosts);
            }
        }
    }

    /**
     * Times of discovery and failure detection; docs/design/002-membership-transport.md has the measurements.
     *
     * @param join     how long the first sheep looks for others before it makes a group; sheep see each other meanwhile
     * @param silence  after which a sheep that is not heard is reported gone
     * @param verify   how long a suspect may answer that it is alive
     * @param mergeMin shortest time between two looks for a part of the cluster that was cut off
     * @param mergeMax longest such time
     */
    public record Timing(Duration join, Duration silence, Duration verify, Duration mergeMin, Duration mergeMax) {
        /** What a cluster uses. */
        public static final Timing DEFAULT = new Timing(
                Duration.ofMillis(500),
                Duration.ofSeconds(3),
                Duration.ofMillis(200),
                Duration.ofMillis(500),
                Duration.ofMillis(1500));

        public Timing {
            Invariant.check(mergeMin.compareTo(mergeMax) < 0, "merge times %s and %s", mergeMin, mergeMax);
        }
    }

    /** Multicast with all defaults. */
    public static JGroupsConfig multicast() {
        return parse("");
    }

    /** The same with another timing: for tests, and for networks that need more patience. */
    public JGroupsConfig withTiming(Timing other) {
        return new JGroupsConfig(bind, discovery, group, port, other);
    }

    /**
     * @param option the text behind {@code jgroups:}; empty for all defaults
     * @throws IllegalArgumentException with a message for the operator that names the key and what it allows
     */
    public static JGroupsConfig parse(String option) {
        Map<String, List<String>> values = split(option);
        Optional<String> bind = one(values, "bind");
        bind.ifPresent(text -> require(
                INTERFACE_OR_ADDRESS.matcher(text).matches() && (!looksLikeIpv4(text) || isIpv4(text)),
                "bind",
                text,
                "an IPv4 address or the name of an interface"));
        String group = one(values, "group").orElse(GROUP_DEFAULT);
        require(GROUP.matcher(group).matches(), "group", group, "1 to 64 of the characters A-Z a-z 0-9 . _ -");
        List<String> hosts = values.get("tcp");
        if (hosts == null) {
            int port = number("port", one(values, "port").orElse("0"), 0, PORT_MAX);
            return new JGroupsConfig(bind, multicast(values), group, port, Timing.DEFAULT);
        }
        for (String key : List.of("mcast", "ttl")) {
            if (values.containsKey(key)) {
                throw new IllegalArgumentException(
                        "jgroups: '" + key + "' is for multicast and cannot be given together with 'tcp'");
            }
        }
        int port = number("port", one(values, "port").orElse("" + TCP_PORT_DEFAULT), 1, PORT_MAX);
        var tcp = new Discovery.Tcp(hosts.stream().map(JGroupsConfig::host).toList());
        return new JGroupsConfig(bind, tcp, group, port, Timing.DEFAULT);
    }

    /**
     * Looks whether this host has the address or interface that {@code bind} names, if it names one. Asks the system.
     *
     * @throws TransportException with a message for the operator
     */
    public void checkAddress() {
        if (bind.isPresent()) {
            Host.bindAddress(bind, InetAddress.getLoopbackAddress());
        }
    }

    private static Discovery.Multicast multicast(Map<String, List<String>> values) {
        String text = one(values, "mcast").orElse(MULTICAST_ADDRESS_DEFAULT);
        int colon = text.indexOf(':');
        String literal = colon < 0 ? text : text.substring(0, colon);
        int port = colon < 0 ? MULTICAST_PORT_DEFAULT : number("mcast", text.substring(colon + 1), 1, 65535);
        String allowed = "ADDRESS[:PORT] with an IPv4 multicast address, 224.0.0.0 to 239.255.255.255";
        require(isIpv4(literal), "mcast", text, allowed);
        InetAddress address = InetAddress.ofLiteral(literal);
        require(address.isMulticastAddress(), "mcast", text, allowed);
        int ttl = number("ttl", one(values, "ttl").orElse("" + TTL_DEFAULT), 0, 255);
        return new Discovery.Multicast(address, port, ttl);
    }

    private static Map<String, List<String>> split(String option) {
        var values = new LinkedHashMap<String, List<String>>();
        if (option.isEmpty()) {
            return values;
        }
        boolean hostsFollow = false;
        for (String item : option.split(",", -1)) {
            int equals = item.indexOf('=');
            if (equals < 0 && hostsFollow) {
                values.get("tcp").add(item);
                continue;
            }
            String key = equals < 0 ? item : item.substring(0, equals);
            if (equals < 0
                    || !List.of("bind", "mcast", "group", "ttl", "port", "tcp").contains(key)) {
                throw new IllegalArgumentException(
                        "jgroups: '" + item
                                + "' is not known; allowed are bind=, mcast=, group=, ttl=, port= and tcp=, separated by commas");
            }
            if (values.put(key, new ArrayList<>(List.of(item.substring(equals + 1)))) != null) {
                throw new IllegalArgumentException("jgroups: '" + key + "' is given twice");
            }
            hostsFollow = key.equals("tcp");
        }
        return values;
    }

    private static Optional<String> one(Map<String, List<String>> values, String key) {
        return Optional.ofNullable(values.get(key)).map(List::getFirst);
    }

    private static InetSocketAddress host(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        int port = colon < 0 ? TCP_PORT_DEFAULT : number("tcp", text.substring(colon + 1), 1, PORT_MAX);
        require(
                HOST.matcher(name).matches() && (!looksLikeIpv4(name) || isIpv4(name)),
                "tcp",
                text,
                "HOST[:PORT],HOST[:PORT]... with host names or IPv4 addresses");
        return InetSocketAddress.createUnresolved(name, port);
    }

    private static int number(String key, String text, int min, int max) {
        try {
            int value = Integer.parseInt(text);
            if (text.matches("\\d+") && min <= value && value <= max) {
                return value;
            }
        } catch (NumberFormatException _) {
            // Falls to the same refusal as a number out of range.
        }
        throw refusal(key, text, (key.equals("ttl") ? "a number " : "a port ") + min + " to " + max);
    }

    private static boolean looksLikeIpv4(String text) {
        return IPV4.matcher(text).matches();
    }

    private static boolean isIpv4(String text) {
        if (!looksLikeIpv4(text)) {
            return false;
        }
        for (String part : text.split("\\.")) {
            if (Integer.parseInt(part) > 255 || part.length() > 1 && part.startsWith("0")) {
                return false;
            }
        }
        return true;
    }

    private static void require(boolean holds, String key, String value, String allowed) {
        if (!holds) {
            throw refusal(key, value, allowed);
        }
    }

    private static IllegalArgumentException refusal(String key, String value, String allowed) {
        return new IllegalArgumentException("jgroups: '" + key + "=" + value + "' is not valid; allowed is " + allowed);
    }
}
