package sheepdog.collie.fake;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import sheepdog.collie.cli.Console;
import sheepdog.collie.client.Network;
import sheepdog.collie.main.CollieRunner;

/**
 * What a run of collie gave.
 *
 * @param out    stdout, bytes as chars; so is {@code err}
 * @param status exit status
 */
public record Run(String out, String err, int status) {
    /** Runs it with nothing on stdin. */
    public static Run collie(FakeCluster cluster, String... words) {
        return collie(cluster.network(), new byte[0], words);
    }

    /** Runs it at the time {@link FakeCluster#NOW} in UTC, with stdout and stderr not a terminal. */
    public static Run collie(Network network, byte[] stdin, String... words) {
        return run(network, stdin, false, words);
    }

    /** Likewise, with stderr a terminal. */
    public static Run collieSeen(Network network, String... words) {
        return run(network, new byte[0], true, words);
    }

    private static Run run(Network network, byte[] stdin, boolean errTerminal, String... words) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var console = new Console(
                Channels.newChannel(new ByteArrayInputStream(stdin)),
                Channels.newChannel(out),
                Channels.newChannel(err),
                false,
                errTerminal);
        int status = CollieRunner.run(
                List.of(words),
                console,
                ZoneOffset.UTC,
                InstantSource.fixed(Instant.ofEpochSecond(FakeCluster.NOW)),
                network);
        return new Run(out.toString(StandardCharsets.ISO_8859_1), err.toString(StandardCharsets.ISO_8859_1), status);
    }
}
