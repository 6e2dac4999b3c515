package sheepdog.it.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import sheepdog.it.process.Command;
import sheepdog.it.process.Processes;
import sheepdog.it.process.Tools;

/**
 * Does to a host's network and disk what can be undone: packets dropped by nft, sending slowed by tc, system calls of its
 * sheep delayed or failed by strace, its disk filled. Closing undoes all, the last first. One thread.
 */
final class Afflictions implements AutoCloseable {
    private static int tables;

    private final Hosts hosts;
    private final Deque<Runnable> cures = new ArrayDeque<>();

    Afflictions(Hosts hosts) {
        this.hosts = hosts;
    }

    /**
     * Drops what comes in at a host.
     *
     * @param conditions nft's words for which; any of them is enough
     */
    void drop(int host, String... conditions) {
        String table = "chaos" + ++tables;
        var rules = new StringBuilder("add table ip " + table + "\nadd chain ip " + table
                + " in { type filter hook prerouting priority raw; }\n");
        for (String condition : conditions) {
            rules.append("add rule ip %s in iifname eth0 %s drop%n".formatted(table, condition));
        }
        String nft = Tools.find("nft").orElseThrow().toString();
        hosts.command(host, nft, "-f", "-")
                .input(rules.toString().getBytes(StandardCharsets.US_ASCII))
                .run()
                .succeeded();
        cures.push(() ->
                hosts.command(host, nft, "delete", "table", "ip", table).run().succeeded());
    }

    /** Drops what a host sends, where it arrives. */
    void dropFrom(int host, String condition) {
        for (int other : hosts.all()) {
            if (other != host) {
                drop(other, "ip saddr " + Hosts.address(host) + " " + condition);
            }
        }
    }

    /** Lets a host send no faster than that. */
    void rate(int host, String rate) {
        hosts.command(
                        host, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", rate, "burst", "64kb",
                        "latency", "400ms")
                .run()
                .succeeded();
        cures.push(() -> hosts.command(host, "tc", "qdisc", "del", "dev", "eth0", "root")
                .run()
                .succeeded());
    }

    /**
     * Changes what system calls of a host's sheep do.
     *
     * @param calls  such as {@code fsync,fdatasync}
     * @param effect in strace's words
     */
    void inject(int host, String calls, String effect) {
        var words = List.of(
                Tools.find("strace").orElseThrow().toString(),
                "-f",
                "-q",
                "-o",
                "/dev/null",
                "-p",
                Long.toString(hosts.sheep(host).pid()),
                "-e",
                "trace=" + calls,
                "-e",
                "inject=" + calls + ":" + effect);
        try {
            Process strace = Processes.watched(new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
            cures.push(() -> end(strace));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Fills a host's small disk. */
    void fill(int host) {
        Path fill = hosts.store(host).resolve("fill");
        Command.of("dd", "if=/dev/zero", "of=" + fill, "bs=64k").run();
        cures.push(() -> Command.of("rm", "-f", fill.toString()).run().succeeded());
    }

    @Override
    public void close() {
        cure();
    }

    /** Undoes all. */
    void cure() {
        var failures = new ArrayList<String>();
        while (!cures.isEmpty()) {
            try {
                cures.pop().run();
            } catch (RuntimeException | AssertionError failed) {
                failures.add(failed.toString());
            }
        }
        if (!failures.isEmpty()) {
            throw new IllegalStateException("not all could be undone: " + failures);
        }
    }

    private static void end(Process strace) {
        try {
            strace.destroy();
            if (!strace.waitFor(10, TimeUnit.SECONDS)) {
                strace.destroyForcibly().waitFor();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }
}
