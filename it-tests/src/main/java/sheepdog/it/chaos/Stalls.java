package sheepdog.it.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import sheepdog.it.process.Waiting;

/**
 * Measures how long a client stalls when one of three hosts, not its own gateway, is killed, stopped, cut off, or leaves by
 * command (promise I14). The client writes 4 KiB after 4 KiB; a stall is the longest that a write took from the event until
 * the two that are left serve, and 0.5 s more. Gateway and victim take turns, so that each of the hosts is killed as often
 * as leader as chance has it.
 */
public final class Stalls {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration AROUND = Duration.ofMillis(500);
    private static final int OBJECTS = 4;

    private Stalls() {}

    private enum Event {
        KILLED("killed (`kill -9`)", 3_000),
        STOPPED("stopped (SIGSTOP)", 8_000),
        CUT_OFF("cut off", 8_000),
        LEAVING("leaving by command", 500);

        private final String label;
        private final int limitMillis;

        Event(String label, int limitMillis) {
            this.label = label;
            this.limitMillis = limitMillis;
        }
    }

    /** Writes until it is told to end. */
    private static final class Writer implements AutoCloseable {
        private final CountDownLatch ending = new CountDownLatch(1);
        private final AtomicLong longestNanos = new AtomicLong();
        private final AtomicLong beganNanos = new AtomicLong();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final Port port;
        private final Thread thread;

        private Writer(Port port) {
            this.port = port;
            thread = Thread.ofPlatform().daemon().name("writer").start(this::run);
        }

        private void run() {
            try {
                for (int i = 0; ending.getCount() > 0; i++) {
                    byte[] block = new byte[4096];
                    Arrays.fill(block, (byte) i);
                    beganNanos.set(System.nanoTime());
                    port.write((i % OBJECTS) * (4L << 20) + (i / OBJECTS % 64) * 4096L, block);
                    longestNanos.accumulateAndGet(System.nanoTime() - beganNanos.get(), Math::max);
                }
            } catch (IOException | RuntimeException failed) {
                failure.set(failed);
            }
        }

        private void check() {
            if (failure.get() != null) {
                throw new IllegalStateException("the client saw an error", failure.get());
            }
        }

        /** The longest a write took since this was asked last, or takes that is under way. */
        private long longestNanosAndReset() {
            check();
            return Math.max(longestNanos.getAndSet(0), System.nanoTime() - beganNanos.get());
        }

        @Override
        public void close() {
            ending.countDown();
            try {
                thread.join(LIMIT);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            port.close();
        }
    }

    /** @param arguments how often each, 20 if not given */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> missing = Chaos.missing();
        if (!missing.isEmpty()) {
            System.err.println("stalls needs: " + missing + "; it-tests/clients/ensure brings nft");
            System.exit(2);
        }
        int runs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
        Path folder = Files.createTempDirectory("st");
        var stalls = new EnumMap<Event, List<Long>>(Event.class);
        var usual = new ArrayList<Long>();
        try (var hosts = Hosts.up(folder, 3)) {
            for (int host = 1; host <= 3; host++) {
                hosts.launch(host);
            }
            Waiting.until("three sheep to list each other", LIMIT, () -> {
                for (int host = 1; host <= 3; host++) {
                    if (hosts.sheep(host).nodeCount() != 3) {
                        return false;
                    }
                }
                return true;
            });
            hosts.collie(1, "cluster", "format", "--copies=3").run().succeeded();
            hosts.awaitServing(LIMIT);
            hosts.collie(1, "vdi", "create", "disk", 4 * OBJECTS + "M").run().succeeded();
            for (int run = 0; run < runs; run++) {
                for (Event event : Event.values()) {
                    int gateway = 1 + run % 3;
                    int victim = 1 + (gateway + run / 3 % 2) % 3;
                    long stall = measure(hosts, event, gateway, victim, usual) / 1_000_000;
                    stalls.computeIfAbsent(event, _ -> new ArrayList<>()).add(stall);
                    System.out.printf(
                            "run %d: %s, gateway %d, victim %d: %d ms%n", run + 1, event, gateway, victim, stall);
                }
            }
        }
        ChaosMain.delete(folder);
        print(stalls, usual, runs);
        System.exit(0);
    }

    private static long measure(Hosts hosts, Event event, int gateway, int victim, List<Long> usual)
            throws IOException, InterruptedException {
        try (var writer =
                new Writer(WirePort.open(hosts.store(gateway).resolve("sock"), "disk", OBJECTS, LIMIT.multipliedBy(2))
                        .ready())) {
            pass(AROUND);
            writer.longestNanosAndReset();
            pass(AROUND);
            usual.add(writer.longestNanosAndReset() / 1_000_000);
            try (var afflictions = new Afflictions(hosts)) {
                strike(hosts, event, victim, afflictions);
                hosts.sheep(gateway).awaitServing(2, LIMIT);
                pass(AROUND);
                Waiting.until("a write", LIMIT, () -> {
                    writer.check();
                    return writer.longestNanos.get() > 0;
                });
                long stall = writer.longestNanosAndReset();
                if (event == Event.STOPPED) {
                    hosts.sheep(victim).resume();
                }
                afflictions.cure();
                if (event == Event.KILLED || event == Event.LEAVING) {
                    hosts.sheep(victim).awaitExit(LIMIT);
                    hosts.launch(victim);
                }
                hosts.awaitServing(LIMIT);
                Waiting.until("recovery", LIMIT, hosts::haveRecovered);
                return stall;
            }
        }
    }

    private static void strike(Hosts hosts, Event event, int victim, Afflictions afflictions) {
        Consumer<Afflictions> cut = with -> {
            with.drop(victim, "");
            with.dropFrom(victim, "");
        };
        switch (event) {
            case KILLED -> hosts.sheep(victim).kill();
            case STOPPED -> hosts.sheep(victim).pause();
            case CUT_OFF -> cut.accept(afflictions);
            case LEAVING -> hosts.nodeKill(1 + victim % 3, victim);
        }
    }

    private static void pass(Duration time) throws InterruptedException {
        new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static void print(Map<Event, List<Long>> stalls, List<Long> usual, int runs) {
        System.out.printf("%n| one of three | p50 | p99 | worst | promised |%n|---|---|---|---|---|%n");
        stalls.forEach((event, millis) -> System.out.printf(
                "| %s | %s | %s | %s | %s |%n",
                event.label,
                seconds(percentile(millis, 50)),
                seconds(percentile(millis, 99)),
                seconds(percentile(millis, 100)),
                seconds(event.limitMillis)));
        System.out.printf(
                "%n%d runs each; without an event the longest write in %d ms takes %d ms in the middle, %d ms at worst%n",
                runs, AROUND.toMillis(), percentile(usual, 50), percentile(usual, 100));
    }

    private static long percentile(List<Long> values, int percent) {
        List<Long> sorted = values.stream().sorted().toList();
        return sorted.get(Math.max(0, (int) Math.ceil(sorted.size() * percent / 100.0) - 1));
    }

    private static String seconds(long millis) {
        return "%.2f s".formatted(millis / 1000.0);
    }
}
