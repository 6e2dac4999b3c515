package sheepdog.membership.api;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import sheepdog.membership.jgroups.JGroupsConfig;
import sheepdog.membership.jgroups.JGroupsTransport;
import sheepdog.membership.local.LocalConfig;
import sheepdog.membership.local.LocalTransport;
import sheepdog.membership.runtime.TestLoop;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/**
 * Measures how fast changes of membership are noticed between processes; run by hand, with the transports ({@code udp},
 * {@code tcp}, {@code local}) and the number of runs as arguments. Prints minimum, median and maximum in milliseconds.
 * docs/design/002-membership-transport.md has the results.
 */
final class TransportTimes {
    private static final long PATIENCE_MILLIS = 30_000;

    private TransportTimes() {}

    /** {@code udp|tcp|local RUNS}, or what the children are started with. */
    public static void main(String[] args) throws Exception {
        if (args[0].equals("child")) {
            child(args[1], args[2], Long.parseLong(args[3]), Integer.parseInt(args[4]));
            return;
        }
        var times = new LinkedHashMap<String, List<Long>>();
        for (int run = 0; run < Integer.parseInt(args[1]); run++) {
            measure(args[0], times);
        }
        times.forEach((what, values) -> {
            values.sort(null);
            System.out.printf(
                    "%-6s %-44s min %5d median %5d max %5d%n",
                    args[0], what, values.getFirst(), values.get(values.size() / 2), values.getLast());
        });
    }

    // ---- a child: one sheep

    private static void child(String kind, String option, long storeId, int port) throws IOException {
        var server = new ServerSocket(port, 50, InetAddress.ofLiteral("127.0.0.1"));
        var member = new Member(
                new Node(NodeId.of("127.0.0.1", port), Optional.empty(), 1, (int) storeId, 1),
                storeId,
                System.currentTimeMillis());
        var loop = new TestLoop("child");
        ClusterTransport transport = kind.equals("local")
                ? new LocalTransport(loop, LocalConfig.parse(option))
                : new JGroupsTransport(loop, JGroupsConfig.parse(option));
        transport.start(member, new Printer());
        say("started");
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (in.readLine() != null) {
            loop.run(transport::leave);
            in.readLine();
        }
        server.close();
        Runtime.getRuntime().halt(0);
    }

    private static final class Printer implements ClusterTransport.Listener {
        @Override
        public void seen(Member member) {
            say("seen " + member.storeId());
        }

        @Override
        public void gone(Member member, ClusterTransport.Evidence evidence) {
            say("gone " + member.storeId() + " " + evidence);
        }

        @Override
        public void received(Member from, byte[] message) {}
    }

    private static void say(String what) {
        System.out.println(System.currentTimeMillis() + " " + what);
    }

    // ---- the parent

    private static final class Child {
        final Process process;
        final List<String> lines = new ArrayList<>();

        Child(String kind, String option, long storeId, int port) throws IOException {
            process = new ProcessBuilder(
                            System.getProperty("java.home") + "/bin/java",
                            "-Xmx128m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-Djava.net.preferIPv4Stack=true",
                            "-cp",
                            System.getProperty("java.class.path"),
                            TransportTimes.class.getName(),
                            "child",
                            kind,
                            option,
                            "" + storeId,
                            "" + port)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            Thread.ofPlatform().daemon().start(this::read);
        }

        private void read() {
            try (var out = process.inputReader()) {
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    synchronized (lines) {
                        lines.add(line);
                        lines.notifyAll();
                    }
                }
            } catch (IOException _) {
                // It was killed.
            }
        }

        /** When it first said {@code what} after {@code since}; the rest of the line is appended to {@code rest}. */
        long await(long since, String what, List<String> rest) throws InterruptedException {
            long deadline = System.currentTimeMillis() + PATIENCE_MILLIS;
            synchronized (lines) {
                while (true) {
                    for (String line : lines) {
                        long at = Long.parseLong(line.substring(0, line.indexOf(' ')));
                        String text = line.substring(line.indexOf(' ') + 1);
                        if (at >= since && text.startsWith(what)) {
                            rest.add(text.substring(what.length()));
                            return at;
                        }
                    }
                    long left = deadline - System.currentTimeMillis();
                    if (left <= 0) {
                        throw new AssertionError("no '" + what + "' in " + lines);
                    }
                    lines.wait(left);
                }
            }
        }

        void signal(String name) throws Exception {
            new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor();
        }
    }

    private static void measure(String kind, Map<String, List<Long>> times) throws Exception {
        int base = 10_000 + ThreadLocalRandom.current().nextInt(1000) * 10;
        var folder = Files.createTempDirectory("transport-times");
        var children = new ArrayList<Child>();
        try {
            long start = System.currentTimeMillis();
            for (int i = 0; i < 3; i++) {
                children.add(new Child(kind, option(kind, base, i, folder.toString()), i + 1, base + i));
            }
            long last = start;
            for (int i = 0; i < 3; i++) {
                last = Math.max(last, children.get(i).await(start, "seen " + ((i + 1) % 3 + 1), new ArrayList<>()));
                last = Math.max(last, children.get(i).await(start, "seen " + ((i + 2) % 3 + 1), new ArrayList<>()));
            }
            times.computeIfAbsent("three JVMs started at once, until all seen", _ -> new ArrayList<>())
                    .add(last - start);

            kill(times, "kill -9 just after the start, until gone", children, 2, 0, 1);

            long joined = System.currentTimeMillis();
            children.set(2, new Child(kind, option(kind, base, 2, folder.toString()), 3, base + 2));
            all(times, "JVM started, until seen by the others", joined, children, "seen 3", 0, 1);

            all(times, "JVM started, until it sees the others", joined, List.of(children.get(2)), "seen 1", 0);
            all(times, "JVM started, until it sees the others", joined, List.of(children.get(2)), "seen 2", 0);

            long stopped = System.currentTimeMillis();
            children.get(1).signal("STOP");
            all(times, "SIGSTOP of the second, until gone", stopped, children, "gone 2", 0, 2);
            long continued = System.currentTimeMillis();
            children.get(1).signal("CONT");
            all(times, "SIGCONT, until seen by the others", continued, children, "seen 2", 0, 2);

            settle();
            kill(times, "kill -9 of the last, until gone", children, 2, 0, 1);
            children.set(2, new Child(kind, option(kind, base, 2, folder.toString()), 3, base + 2));
            children.get(2).await(0, "seen 1", new ArrayList<>());
            children.get(2).await(0, "seen 2", new ArrayList<>());
            settle();
            kill(times, "kill -9 of the first, until gone", children, 0, 1, 2);

            long left = System.currentTimeMillis();
            var leaver = children.get(1).process.outputWriter();
            leaver.write("leave\n");
            leaver.flush();
            all(times, "leave, until gone", left, children, "gone 2", 2);
        } finally {
            for (Child child : children) {
                child.process.destroyForcibly().waitFor();
            }
            try (var files = Files.list(folder)) {
                for (var file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    /** Long enough for what goes on inside the transports after a change. */
    private static void settle() throws InterruptedException {
        new CountDownLatch(1).await(6, TimeUnit.SECONDS);
    }

    private static void kill(
            Map<String, List<Long>> times, String what, List<Child> children, int victim, int... observers)
            throws InterruptedException {
        long killed = System.currentTimeMillis();
        children.get(victim).process.destroyForcibly();
        all(times, what, killed, children, "gone " + (victim + 1), observers);
    }

    private static void all(
            Map<String, List<Long>> times, String what, long since, List<Child> children, String line, int... observers)
            throws InterruptedException {
        long last = 0;
        var rest = new ArrayList<String>();
        for (int observer : observers) {
            last = Math.max(last, children.get(observer).await(since, line, rest) - since);
        }
        String named = what
                + (rest.getFirst().isEmpty()
                        ? ""
                        : rest.stream().distinct().toList().toString());
        times.computeIfAbsent(named, _ -> new ArrayList<>()).add(last);
    }

    private static String option(String kind, int base, int index, String folder) {
        return switch (kind) {
            case "udp" -> "bind=127.0.0.1,mcast=226.94.1.1:" + (20_000 + base);
            case "tcp" ->
                "bind=127.0.0.1,tcp=127.0.0.1:" + (base + 3) + ",127.0.0.1:" + (base + 4) + ",127.0.0.1:" + (base + 5)
                        + ",port=" + (base + 3 + index);
            case "local" -> folder;
            default -> throw new IllegalArgumentException("udp, tcp or local, not " + kind);
        };
    }
}
