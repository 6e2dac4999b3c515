package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.ObjectStore;
import sheepdog.store.api.Stamp;
import sheepdog.store.disk.PowerCut;

/**
 * Random mutations, the power cut in the middle of any call, and what must be there afterwards: all that was
 * acknowledged; of the one mutation under way each sector old or new; nothing unreadable; a mark on everything that is
 * not complete.
 */
class PowerCutProperties {
    private static final Vid VID = new Vid(9);
    private static final List<ObjectId> OIDS =
            List.of(ObjectId.ofData(VID, 0), ObjectId.ofData(VID, 1), ObjectId.ofAttr(VID, 1), ObjectId.ofAttr(VID, 2));
    private static final int SECTOR = 512;
    private static final long UNTIL_SETTLED = 1L << 62;

    /** What should be there: content by object, and what the mutation under way would make of one of them. */
    private static final class Model {
        private final Map<ObjectId, byte[]> objects = new TreeMap<>();
        private final Map<ObjectId, TreeMap<Long, Long>> lastSequences = new TreeMap<>();
        private ObjectId underWay;
        private Optional<byte[]> after = Optional.empty();
        private final Map<ObjectId, Epoch> removals = new TreeMap<>();
        private Optional<Epoch> memoryAfter = Optional.empty();
        private boolean inOneStep;
        private Epoch forgotten = Epoch.NONE;
        private long completed;
        private Epoch epoch = new Epoch(1);
        private Epoch fenced = Epoch.NONE;
        private long generation = 1;
        private long sequence;

        void begin(ObjectId oid, Optional<byte[]> result) {
            underWay = oid;
            after = result;
            memoryAfter = result.isEmpty() ? Optional.of(epoch) : Optional.empty();
            inOneStep = false;
        }

        void finish(long itsSequence) {
            memoryAfter.ifPresentOrElse(in -> removals.put(underWay, in), () -> removals.remove(underWay));
            after.ifPresentOrElse(bytes -> objects.put(underWay, bytes), () -> objects.remove(underWay));
            if (itsSequence > 0) {
                lastSequences.computeIfAbsent(underWay, _ -> new TreeMap<>()).put(generation, itsSequence);
            }
            underWay = null;
        }

        void newOwner() {
            dropCompleted();
            generation++;
            sequence = 0;
            completed = 0;
        }

        void dropCompleted() {
            lastSequences.values().forEach(byGeneration -> {
                if (byGeneration.getOrDefault(generation, Long.MAX_VALUE) <= completed) {
                    byGeneration.remove(generation);
                }
            });
        }

        /** Everywhere equal now, but for what the present owner has under way. */
        void settled(ObjectId oid) {
            var byGeneration = lastSequences.getOrDefault(oid, new TreeMap<>());
            if (byGeneration.headMap(generation).isEmpty()) {
                byGeneration.clear();
            } else {
                byGeneration.headMap(generation).clear();
            }
        }
    }

    @Property(tries = 150, shrinking = ShrinkingMode.OFF)
    void whatWasAcknowledgedSurvivesAPowerCutAtAnyCall(@ForAll long seed) throws IOException {
        var random = new SplittableRandom(seed);
        var machine = new SimMachine();
        var model = new Model();
        for (int round = 0; round < 4; round++) {
            // Some rounds are cut while the store opens, or replays what the round before left.
            machine.power.cutAt(machine.power.changes() + 1 + random.nextInt(random.nextInt(4) == 0 ? 12 : 250));
            try {
                PlainStore store = machine.open();
                check(machine, store, model);
                for (int count = 0; count < 60; count++) {
                    step(store, model, random);
                }
                store.close();
                machine.power.cut();
            } catch (PowerCut _) {
                assertThat(machine.power.isOff()).isTrue();
            }
            if (random.nextInt(5) == 0) {
                machine.power.restore(); // Not the power but the program.
                machine.restartProgram();
            } else {
                machine.restart(random);
            }
        }
        check(machine, machine.open(), model);
    }

    private static void step(ObjectStore store, Model model, SplittableRandom random) {
        ObjectId oid = OIDS.get(random.nextInt(OIDS.size()));
        Optional<byte[]> before = Optional.ofNullable(model.objects.get(oid));
        var stamp = new Stamp(model.epoch, model.generation, model.sequence + 1);
        int offset = random.nextInt(oid.size());
        int length = length(random, oid.size() - offset);
        if (random.nextInt(3) == 0) {
            offset = offset / 4096 * 4096;
            length = Math.min(4096, oid.size() - offset);
        }
        switch (random.nextInt(18)) {
            case 0, 1, 2, 3, 4, 5 -> {
                byte[] data = data(random, length);
                Optional<byte[]> result = before.map(bytes -> bytes.clone());
                int at = offset;
                result.ifPresent(bytes -> System.arraycopy(data, 0, bytes, at, data.length));
                run(model, oid, result, stamp, () -> store.write(oid, at, ByteBuffer.wrap(data), stamp));
            }
            case 6, 7, 8 -> {
                byte[] data = data(random, length);
                byte[] result = before.map(bytes -> bytes.clone()).orElse(new byte[oid.size()]);
                System.arraycopy(data, 0, result, offset, data.length);
                int at = offset;
                run(model, oid, Optional.of(result), stamp, () -> store.create(oid, at, ByteBuffer.wrap(data), stamp));
            }
            case 9, 16 -> {
                if (before.isPresent()) {
                    run(model, oid, Optional.empty(), stamp, () -> store.remove(oid, stamp));
                } else {
                    model.begin(oid, Optional.empty());
                    assertThat(store.remove(oid, stamp).code()).isEqualTo(ResultCode.NO_OBJ);
                    model.finish(0);
                }
            }
            case 10, 11 -> {
                Optional<byte[]> result = before.map(bytes -> bytes.clone());
                int at = offset;
                int count = length;
                result.ifPresent(bytes -> Arrays.fill(bytes, at, at + count, (byte) 0));
                run(model, oid, result, stamp, () -> store.discard(oid, at, count, stamp));
            }
            case 12, 17 -> recovered(store, model, oid, before, random);
            case 13 -> {
                model.completed = model.sequence;
                store.completed(VID, model.generation, model.sequence);
            }
            case 14 -> {
                model.begin(oid, Optional.empty());
                model.memoryAfter = Optional.ofNullable(model.removals.get(oid));
                model.lastSequences.remove(oid); // Its mark may go with it.
                if (store.drop(oid, model.epoch.next()).isOk()) {
                    model.finish(0);
                }
                model.underWay = null;
            }
            case 15 -> {
                switch (random.nextInt(4)) {
                    case 0 -> {
                        model.epoch = model.epoch.next(); // First: if the power goes the fence may be there or not.
                        store.fence(model.epoch);
                        model.fenced = model.epoch;
                    }
                    case 1 -> {
                        model.newOwner();
                        store.fenceOwner(VID, model.generation);
                    }
                    case 2 -> {
                        model.settled(oid);
                        store.settled(oid, model.epoch, model.generation);
                    }
                    default -> {
                        model.forgotten = new Epoch(Math.max(0, model.epoch.number() - 1));
                        store.forgetRemovals(model.forgotten);
                    }
                }
            }
            default -> throw new AssertionError();
        }
    }

    /** Content that differs from what is there in everything, or in one block, or that there is none. */
    private static void recovered(
            ObjectStore store, Model model, ObjectId oid, Optional<byte[]> before, SplittableRandom random) {
        boolean inFlight = random.nextInt(4) == 0;
        int kind = random.nextInt(4);
        byte[] whole = before.isPresent() && kind == 0 ? before.get().clone() : data(random, oid.size());
        whole[random.nextInt(oid.size())]++;
        Optional<byte[]> result = kind == 1 ? Optional.empty() : Optional.of(whole);
        var stamp = new Stamp(model.epoch, model.generation, UNTIL_SETTLED);
        model.begin(oid, result);
        model.inOneStep = true;
        assertThat(store.recovered(oid, result.map(ByteBuffer::wrap), Epoch.FIRST, stamp, inFlight))
                .isEqualTo(Outcome.done());
        model.finish(inFlight ? UNTIL_SETTLED : 0);
    }

    private static int length(SplittableRandom random, int most) {
        int kind = random.nextInt(8);
        return Math.min(most, kind == 0 ? 1 + random.nextInt(300_000) : 1 + random.nextInt(kind < 5 ? 9000 : 40_000));
    }

    private static byte[] data(SplittableRandom random, int length) {
        var data = new byte[length];
        if (random.nextInt(4) > 0) {
            random.nextBytes(data);
        } else if (length > 5000) {
            data[length / 2] = 1; // Mostly zeros.
        }
        return data;
    }

    private interface Call {
        Outcome<Void> run();
    }

    private static void run(Model model, ObjectId oid, Optional<byte[]> result, Stamp stamp, Call call) {
        boolean there = model.objects.containsKey(oid);
        model.begin(oid, result);
        model.sequence = stamp.sequence();
        Outcome<Void> outcome = call.run();
        if (outcome.isOk()) {
            model.finish(stamp.sequence());
        } else {
            assertThat(there).as("%s: %s", oid, outcome).isFalse();
            model.underWay = null;
        }
    }

    /** Afterwards the model is what the store says. */
    private static void check(SimMachine machine, ObjectStore store, Model model) throws IOException {
        List<ObjectId> listed =
                store.list(Optional.empty(), 99).stream().map(ObjectInfo::oid).toList();
        for (ObjectId oid : OIDS) {
            Optional<byte[]> there = content(store, oid);
            assertThat(listed.contains(oid)).as("%s is listed", oid).isEqualTo(there.isPresent());
            Optional<byte[]> before = Optional.ofNullable(model.objects.get(oid));
            if (!oid.equals(model.underWay)) {
                assertThat(there.isPresent()).as("%s is there", oid).isEqualTo(before.isPresent());
                assertThat(there.orElse(new byte[0])).as("%s", oid).isEqualTo(before.orElse(new byte[0]));
            } else if (there.isEmpty()) {
                assertThat(before.isEmpty() || model.after.isEmpty())
                        .as("%s is gone", oid)
                        .isTrue();
            } else if (before.isEmpty()) {
                assertThat(there.get()).as("%s is whole", oid).isEqualTo(model.after.orElseThrow());
            } else if (model.inOneStep) {
                assertThat(there.get())
                        .as("%s is old or new", oid)
                        .isIn(before.get(), model.after.orElse(before.get()));
            } else {
                checkSectors(there.get(), before.get(), model.after.orElse(before.get()));
            }
            checkMemory(store, model, oid, there.isPresent());
            there.ifPresentOrElse(bytes -> model.objects.put(oid, bytes), () -> model.objects.remove(oid));
        }
        if (model.fenced.number() > 0) {
            var old = new Stamp(new Epoch(model.fenced.number() - 1), model.generation, 1);
            assertThat(store.remove(OIDS.getFirst(), old).code()).isEqualTo(ResultCode.OLD_NODE_VER);
        }
        assertThat(store.stats().objects()).isEqualTo(model.objects.size());
        assertThat(machine.disk.list(Path.of("/sheep/obj")).stream().filter(name -> !name.startsWith(".")))
                .as("no file is left of what was removed")
                .containsExactlyElementsOf(
                        listed.stream().map(ObjectId::toString).toList());
        checkMarks(store, model);
        model.underWay = null;
    }

    /** What was forgotten may be back. */
    private static void checkMemory(ObjectStore store, Model model, ObjectId oid, boolean isThere) {
        Optional<Epoch> memory = store.removedIn(oid);
        var allowed = new HashSet<Optional<Epoch>>();
        if (isThere) {
            allowed.add(Optional.empty());
        } else {
            boolean changes = oid.equals(model.underWay);
            if (!changes || !model.objects.containsKey(oid)) {
                allowed.add(Optional.ofNullable(model.removals.get(oid)));
            }
            if (changes && model.after.isEmpty()) {
                allowed.add(model.memoryAfter);
            }
            if (allowed.stream().flatMap(Optional::stream).anyMatch(epoch -> !model.forgotten.isBefore(epoch))) {
                allowed.add(Optional.empty());
            }
        }
        assertThat(memory).as("memory of the removal of %s", oid).isIn(allowed);
        memory.ifPresentOrElse(epoch -> model.removals.put(oid, epoch), () -> model.removals.remove(oid));
    }

    private static void checkMarks(ObjectStore store, Model model) {
        Set<ObjectId> needed = new HashSet<>();
        model.dropCompleted();
        model.lastSequences.forEach((oid, byGeneration) -> {
            if (!byGeneration.isEmpty()) {
                needed.add(oid);
            }
        });
        assertThat(new ArrayList<>(store.inFlight(VID))).containsAll(needed);
    }

    private static Optional<byte[]> content(ObjectStore store, ObjectId oid) {
        var into = ByteBuffer.allocate(oid.size());
        return switch (store.read(oid, 0, into).code()) {
            case SUCCESS -> Optional.of(into.array());
            case NO_OBJ -> Optional.empty();
            default -> throw new AssertionError(oid + " cannot be read");
        };
    }

    private static void checkSectors(byte[] there, byte[] before, byte[] after) {
        for (int from = 0; from < there.length; from += SECTOR) {
            int to = Math.min(from + SECTOR, there.length);
            assertThat(Arrays.equals(there, from, to, before, from, to)
                            || Arrays.equals(there, from, to, after, from, to))
                    .as("sector %d is old or new", from / SECTOR)
                    .isTrue();
        }
    }
}
