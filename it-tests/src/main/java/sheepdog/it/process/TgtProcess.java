package sheepdog.it.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** tgtd, the iSCSI target with a sheepdog store: each VDI is a disk of it. */
public final class TgtProcess implements AutoCloseable {
    private final Path folder;
    private final int port;
    private final List<String> urls;

    private TgtProcess(Path folder, int port, List<String> urls) {
        this.folder = folder;
        this.port = port;
        this.urls = urls;
    }

    /**
     * Starts a target on loopback.
     *
     * @param folder for its log and control socket; its path must be short
     * @param stores such as {@code tcp:127.0.0.1:7000:NAME}
     */
    public static TgtProcess start(Path folder, String... stores) {
        int port = Tools.freePort();
        var words = new ArrayList<>(List.of("start", folder.toString()));
        words.addAll(List.of(stores));
        String urls = script(port, words).run().succeeded().out();
        return new TgtProcess(folder, port, urls.lines().toList());
    }

    /** The address of a disk, counted from 0, for libiscsi's programs and QEMU. */
    public String url(int disk) {
        return urls.get(disk);
    }

    /** Ends it as a crash does: at once, whatever its disks wait for. */
    public void kill() {
        Command.of(
                        "bash",
                        "-c",
                        "kill -9 \"$(cat \"$1\")\"",
                        "kill",
                        folder.resolve("pid").toString())
                .run();
    }

    @Override
    public void close() {
        script(port, List.of("stop", folder.toString())).run();
    }

    private static Command script(int port, List<String> words) {
        var command =
                new ArrayList<>(List.of("bash", Tools.script("run-tgt-sheepdog").toString()));
        command.addAll(words);
        return Command.of(command)
                .with("TGT_PORT", Integer.toString(port))
                .with("PATH", Tools.pathVariable())
                .within(Duration.ofSeconds(90));
    }
}
