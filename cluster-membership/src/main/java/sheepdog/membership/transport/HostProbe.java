package sheepdog.membership.transport;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/**
 * Asks a sheep's host whether its process is still there, by connecting to the sheep's own TCP port.
 *
 * <p>Only a refusal proves something: the host is up, can be reached, and nobody listens there, so the process that
 * did is dead (a sheep opens its port before it joins, and stops serving before it closes it). That a connection is
 * accepted proves little, since the kernel accepts for a stopped process too, and silence proves nothing.
 *
 * <p>What could fool it: a firewall that answers in the host's name with a reset, and another host that took over the
 * address. Neither may be set up between sheep; docs/design/002-membership-transport.md says so.
 */
public final class HostProbe {
    private HostProbe() {}

    /**
     * Blocking, for at most {@code limit}. No thread in particular, but not the loop.
     *
     * @param limit under one second: the kernel's own time limit, which Java reports by the same exception as a
     *              refusal, comes later than that. What routers say (unreachable, prohibited) has exceptions of its own
     * @return true if the host refused the connection
     */
    public static boolean refused(InetSocketAddress address, Duration limit) {
        try (Socket socket = new Socket()) {
            socket.connect(address, Math.toIntExact(limit.toMillis()));
            return false;
        } catch (ConnectException _) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }
}
