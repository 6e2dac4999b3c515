package sheepdog.membership.local;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import sheepdog.membership.api.ClusterTransport.TransportException;

/** The folder where local sheep meet: who listens there, a socket of one's own, connecting. No thread of its own. */
final class Rendezvous {
    /** Connections that may wait to be accepted; the kernel lowers it to its own limit. */
    private static final int BACKLOG = 1_024;

    private static final Set<PosixFilePermission> OWNER_AND_GROUP = PosixFilePermissions.fromString("rwxrwx---");

    private final Path folder;

    Rendezvous(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes the folder, or checks the one that is there.
     *
     * @throws TransportException with what the operator must do
     */
    void open() {
        try {
            if (!Files.exists(folder)) {
                try {
                    Files.createDirectory(folder);
                    Files.setPosixFilePermissions(folder, OWNER_AND_GROUP);
                } catch (FileAlreadyExistsException _) {
                    // Another sheep was first.
                }
            }
            if (!Files.isDirectory(folder)) {
                throw new TransportException(
                        folder + " is a file: remove it (an original sheep's shared memory has this"
                                + " name), or name another folder by -c local:/path");
            }
            if (Files.getPosixFilePermissions(folder).contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new TransportException(folder
                        + " can be written by everybody: chmod o-w it, or name another folder" + " by -c local:/path");
            }
            if (!Files.isWritable(folder) || !Files.isExecutable(folder)) {
                throw new TransportException("no permission to write into " + folder
                        + ": sheep of several users need a group in common, or other folders by -c local:/path");
            }
        } catch (NoSuchFileException failure) {
            throw new TransportException("cannot make the folder " + folder + ": no such folder above it");
        } catch (AccessDeniedException failure) {
            throw new TransportException("cannot make the folder " + folder + ": permission denied");
        } catch (IOException failure) {
            throw new TransportException("cannot use the folder " + folder + ": " + failure.getMessage());
        }
    }

    /**
     * Listens under {@code name}. The socket gets its name only when it listens, and its owner's group may connect.
     *
     * @return not blocking
     */
    ServerSocketChannel listen(String name) throws IOException {
        Path unfinished = folder.resolve(SocketName.BEFORE + name);
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(unfinished), BACKLOG);
            server.configureBlocking(false);
            Files.setPosixFilePermissions(unfinished, OWNER_AND_GROUP);
            Files.move(unfinished, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            return server;
        } catch (IOException failure) {
            server.close();
            Files.deleteIfExists(unfinished);
            throw failure;
        }
    }

    /** Names of all sockets of sheep, finished or not. */
    List<String> names() throws IOException {
        var names = new ArrayList<String>();
        try (var files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (SocketName.isListening(name) || SocketName.isUnfinished(name)) {
                    names.add(name);
                }
            }
        }
        names.sort(null);
        return names;
    }

    /**
     * Connects, without waiting.
     *
     * @return not blocking; empty if it did not work, but not because it was refused
     * @throws ConnectException if the socket is there and nobody listens: its process is dead
     */
    Optional<SocketChannel> connect(String name) throws ConnectException {
        try {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.configureBlocking(false);
                if (channel.connect(UnixDomainSocketAddress.of(folder.resolve(name)))) {
                    return Optional.of(channel);
                }
                channel.close();
                return Optional.empty();
            } catch (IOException failure) {
                channel.close();
                throw failure;
            }
        } catch (ConnectException refused) {
            throw refused;
        } catch (IOException _) {
            return Optional.empty(); // Gone from the folder, or so many wait that the kernel takes no more.
        }
    }

    /** Whether the socket is there and nobody listens. Its process is dead then, and stays it. */
    boolean refuses(String name) {
        try {
            var connected = connect(name);
            if (connected.isPresent()) {
                connected.get().close();
            }
            return false;
        } catch (ConnectException _) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    boolean exists(String name) {
        return Files.exists(folder.resolve(name));
    }

    void delete(String name) throws IOException {
        Files.deleteIfExists(folder.resolve(name));
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
