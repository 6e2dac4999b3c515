package sheepdog.it.chaos;

import java.io.IOException;
import java.nio.channels.ClosedSelectorException;
import java.nio.file.Path;
import java.time.Duration;
import sheepdog.it.client.WireClient;
import sheepdog.it.client.WireDisk;

/** The protocol itself, over a connection of its own. */
final class WirePort implements Port {
    private static final int VERSION = 1;

    private final WireClient client;
    private final WireDisk disk;

    private WirePort(WireClient client, WireDisk disk) {
        this.client = client;
        this.disk = disk;
    }

    /**
     * Connects to a sheep's unix socket.
     *
     * @param patience the longest that any answer may take
     */
    static Opening open(Path socket, String vdi, int objects, Duration patience) throws IOException {
        WireClient client = WireClient.connect(socket).patience(patience);
        return new Opening() {
            @Override
            public Port ready() throws IOException {
                try {
                    return new WirePort(client, WireDisk.open(client, vdi, objects, VERSION));
                } catch (ClosedSelectorException closed) {
                    throw new IOException("closed", closed);
                }
            }

            @Override
            public void close() {
                WirePort.close(client);
            }
        };
    }

    @Override
    public void write(long offset, byte[] data) throws IOException {
        try {
            disk.write(offset, data);
        } catch (ClosedSelectorException closed) {
            throw new IOException("closed", closed);
        }
    }

    @Override
    public byte[] read(long offset, int length) throws IOException {
        try {
            return disk.read(offset, length);
        } catch (ClosedSelectorException closed) {
            throw new IOException("closed", closed);
        }
    }

    @Override
    public void close() {
        close(client);
    }

    private static void close(WireClient client) {
        try {
            client.close();
        } catch (IOException closedAnyway) {
            // Nobody uses it any more.
        }
    }
}
