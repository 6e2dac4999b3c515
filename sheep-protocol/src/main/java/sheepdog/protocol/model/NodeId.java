package sheepdog.protocol.model;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * Where a sheep is reached: 16 address bytes (IPv4 in the last four, the first twelve zero) and a TCP port. This pair
 * is a node's identity on the wire; the order is that of the bytes, then of the port.
 */
public final class NodeId implements Comparable<NodeId> {
    private final byte[] address;
    private final int port;

    /** @param address 16 bytes, copied */
    public NodeId(byte[] address, int port) {
        Invariant.check(address.length == 16, "address of %d bytes", address.length);
        Invariant.check(0 <= port && port <= 0xffff, "port %d", port);
        this.address = address.clone();
        this.port = port;
    }

    public static NodeId of(InetAddress address, int port) {
        byte[] raw = address.getAddress();
        byte[] padded = new byte[16];
        System.arraycopy(raw, 0, padded, 16 - raw.length, raw.length);
        return new NodeId(padded, port);
    }

    /** @param literal an IPv4 or IPv6 literal, never a name */
    public static NodeId of(String literal, int port) {
        return of(InetAddress.ofLiteral(literal), port);
    }

    /** The 16 bytes, a copy. */
    public byte[] address() {
        return address.clone();
    }

    public int port() {
        return port;
    }

    /** IPv4 if bytes 0-11 are zero and byte 12 is not, as the original decides. */
    public InetAddress inetAddress() {
        try {
            return InetAddress.getByAddress(isIpv4() ? Arrays.copyOfRange(address, 12, 16) : address);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }

    public InetSocketAddress socketAddress() {
        return new InetSocketAddress(inetAddress(), port);
    }

    /** Default zone of a node here: the last four address bytes, read little endian. */
    public int defaultZone() {
        return (address[12] & 0xff)
                | (address[13] & 0xff) << 8
                | (address[14] & 0xff) << 16
                | (address[15] & 0xff) << 24;
    }

    private boolean isIpv4() {
        for (int i = 0; i < 12; i++) {
            if (address[i] != 0) {
                return false;
            }
        }
        return address[12] != 0;
    }

    @Override
    public int compareTo(NodeId other) {
        int order = Arrays.compareUnsigned(address, other.address);
        return order != 0 ? order : Integer.compare(port, other.port);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NodeId that && port == that.port && Arrays.equals(address, that.address);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(address) * 31 + port;
    }

    /**
     * The address in its shortest form, {@code 10.0.0.1} or {@code 2001:db8::1}, as the C library writes it; the JDK
     * never leaves out a run of zeros.
     */
    public String host() {
        if (isIpv4()) {
            return ipv4();
        }
        int[] groups = new int[8];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = (address[2 * i] & 0xff) << 8 | address[2 * i + 1] & 0xff;
        }
        int start = 0;
        int length = 0;
        for (int i = 0; i < groups.length; i++) {
            int zeros = i;
            while (zeros < groups.length && groups[zeros] == 0) {
                zeros++;
            }
            if (zeros - i > length) {
                start = i;
                length = zeros - i;
            }
        }
        boolean holdsIpv4 = start == 0 && (length == 6 || length == 5 && groups[5] == 0xffff);
        int end = holdsIpv4 ? 6 : groups.length;
        if (length < 2) {
            return hex(groups, 0, end);
        }
        String tail = hex(groups, start + length, end);
        String head = hex(groups, 0, start) + "::" + tail;
        return holdsIpv4 ? head + (tail.isEmpty() ? "" : ":") + ipv4() : head;
    }

    private String ipv4() {
        return (address[12] & 0xff) + "." + (address[13] & 0xff) + "." + (address[14] & 0xff) + "."
                + (address[15] & 0xff);
    }

    private static String hex(int[] groups, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < to; i++) {
            text.append(i == from ? "" : ":").append(Integer.toHexString(groups[i]));
        }
        return text.toString();
    }

    /** {@code 10.0.0.1:7000}; IPv6 without brackets, as collie prints it. */
    @Override
    public String toString() {
        return host() + ":" + port;
    }
}
