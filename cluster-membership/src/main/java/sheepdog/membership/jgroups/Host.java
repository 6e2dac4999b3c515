package sheepdog.membership.jgroups;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import sheepdog.membership.api.ClusterTransport.TransportException;

/** What this host has: its IPv4 addresses, and its kernel's limits. Asks the system at each call. */
final class Host {
    private Host() {}

    /**
     * The address to send and listen on.
     *
     * @param wanted address or interface that the operator named
     * @param sheep  the sheep's own address, used if none was named and this host has it
     * @throws TransportException if {@code wanted} is not this host's
     */
    static InetAddress bindAddress(Optional<String> wanted, InetAddress sheep) {
        List<InetAddress> all = ipv4();
        if (wanted.isEmpty()) {
            if (sheep.isLoopbackAddress()) {
                return InetAddress.ofLiteral("127.0.0.1"); // The only loopback address that is an interface's.
            }
            return all.contains(sheep)
                    ? sheep
                    : all.stream()
                            .filter(address -> !address.isLoopbackAddress())
                            .findFirst()
                            .orElse(InetAddress.ofLiteral("127.0.0.1"));
        }
        String text = wanted.get();
        return all.stream()
                .filter(address -> address.getHostAddress().equals(text))
                .findFirst()
                .or(() -> ofInterface(text))
                .orElseThrow(() -> new TransportException("jgroups: 'bind=" + text
                        + "' is neither an IPv4 address nor an interface of this host; its addresses are "
                        + String.join(
                                ", ",
                                all.stream().map(InetAddress::getHostAddress).toList())));
    }

    private static List<InetAddress> ipv4() {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(Host::isUp)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(Inet4Address.class::isInstance)
                    .toList();
        } catch (SocketException failure) {
            throw new TransportException("cannot list this host's network interfaces: " + failure.getMessage());
        }
    }

    private static Optional<InetAddress> ofInterface(String name) {
        try {
            NetworkInterface found = NetworkInterface.getByName(name);
            return found == null
                    ? Optional.empty()
                    : Collections.list(found.getInetAddresses()).stream()
                            .filter(Inet4Address.class::isInstance)
                            .findFirst();
        } catch (SocketException _) {
            return Optional.empty();
        }
    }

    private static boolean isUp(NetworkInterface candidate) {
        try {
            return candidate.isUp();
        } catch (SocketException _) {
            return false;
        }
    }

    /** What the kernel gives at most for a socket's receive and send buffers. */
    static int socketBytesMax() {
        return Math.min(kernelNumber("/proc/sys/net/core/rmem_max"), kernelNumber("/proc/sys/net/core/wmem_max"));
    }

    private static int kernelNumber(String file) {
        // Not Files.readString: it reads such a file in pieces, and the kernel gives only the first.
        try (BufferedReader reader = Files.newBufferedReader(Path.of(file))) {
            return (int)
                    Math.min(Integer.MAX_VALUE, Long.parseLong(reader.readLine().strip()));
        } catch (IOException | NumberFormatException _) {
            return 200 << 10; // Every kernel gives that.
        }
    }
}
