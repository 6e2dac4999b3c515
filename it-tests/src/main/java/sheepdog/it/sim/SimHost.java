package sheepdog.it.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import sheepdog.protocol.model.Invariant;

/**
 * A machine on the simulated network. At most one process runs on it at a time; without one, connections to it are
 * refused, and without power there is no answer at all.
 */
public final class SimHost {
    private final String name;
    private final int index;
    private final TreeMap<Integer, SimSocket.Acceptor> listeners = new TreeMap<>();
    private final List<SimSocket> sockets = new ArrayList<>();
    private Optional<SimLoop> process = Optional.empty();
    private boolean powered = true;

    SimHost(String name, int index) {
        this.name = name;
        this.index = index;
    }

    void boot(SimLoop started) {
        Invariant.check(process.isEmpty(), "%s runs %s already", name, process);
        process = Optional.of(started);
        powered = true;
    }

    /** The process that runs here, if any. */
    public Optional<SimLoop> process() {
        return process;
    }

    /** Whether the machine itself runs. */
    public boolean powered() {
        return powered;
    }

    /** Connections to {@code port} are offered to {@code acceptor} from now on, on the process's loop. */
    public void listen(int port, SimSocket.Acceptor acceptor) {
        listeners.put(port, acceptor);
    }

    /** Nobody listens on {@code port} any more. */
    public void unlisten(int port) {
        listeners.remove(port);
    }

    @Override
    public String toString() {
        return name;
    }

    int index() {
        return index;
    }

    Optional<SimSocket.Acceptor> listener(int port) {
        return Optional.ofNullable(listeners.get(port));
    }

    List<SimSocket> sockets() {
        return sockets;
    }

    void opened(SimSocket socket) {
        sockets.add(socket);
    }

    void closed(SimSocket socket) {
        sockets.remove(socket);
    }

    /** The process is gone; its sockets are what the caller has to close. */
    List<SimSocket> processEnded(boolean powerLost) {
        process = Optional.empty();
        powered = powered && !powerLost;
        listeners.clear();
        var left = List.copyOf(sockets);
        sockets.clear();
        return left;
    }
}
