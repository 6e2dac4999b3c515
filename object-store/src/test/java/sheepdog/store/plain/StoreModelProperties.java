package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.Size;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.store.api.ObjectInfo;
import sheepdog.store.api.Stamp;

/** Any sequence of calls, well-formed or not, does what a map of byte arrays does. */
class StoreModelProperties {
    private static final Vid VID = new Vid(4);

    /** The names of calls; reopening is one of them. */
    enum Verb {
        READ,
        CREATE,
        WRITE,
        REMOVE,
        DISCARD,
        RECOVERED,
        RECOVERED_ABSENT,
        DROP,
        FORGET,
        FIND,
        REOPEN
    }

    /** One call; range and id may be anything. */
    record Step(Verb verb, ObjectId oid, int offset, int length, long seed) {}

    @Provide
    Arbitrary<Step> steps() {
        var oids = Arbitraries.frequencyOf(
                Tuple.of(
                        12,
                        Arbitraries.of(
                                ObjectId.ofAttr(VID, 1),
                                ObjectId.ofAttr(VID, 2),
                                ObjectId.ofData(VID, 7),
                                ObjectId.ofInode(VID))),
                Tuple.of(1, Arbitraries.longs().map(ObjectId::new)));
        var offsets = Arbitraries.frequencyOf(
                Tuple.of(6, Arbitraries.integers().between(0, ObjectId.ATTR_BYTES)),
                Tuple.of(3, Arbitraries.integers().between(0, 16).map(block -> block * 4096)),
                Tuple.of(1, Arbitraries.integers()));
        var lengths = Arbitraries.frequencyOf(
                Tuple.of(4, Arbitraries.integers().between(0, 9000)),
                Tuple.of(3, Arbitraries.integers().between(1, 3).map(blocks -> blocks * 4096)),
                Tuple.of(2, Arbitraries.integers().between(0, 70_000)));
        return Combinators.combine(Arbitraries.of(Verb.class), oids, offsets, lengths, Arbitraries.longs())
                .as(Step::new);
    }

    @Property(tries = 150)
    void storeDoesWhatAMapDoes(@ForAll @Size(max = 40) List<@From("steps") Step> steps) throws IOException {
        var machine = new SimMachine();
        var model = new TreeMap<ObjectId, byte[]>();
        PlainStore store = machine.open();
        long sequence = 0;
        for (Step step : steps) {
            var stamp = new Stamp(Epoch.FIRST, 1, ++sequence);
            if (step.verb() == Verb.REOPEN) {
                store.close();
                store = machine.open();
            } else {
                step(store, model, step, stamp);
            }
        }
        assertThat(store.list(Optional.empty(), 99).stream().map(ObjectInfo::oid))
                .containsExactlyElementsOf(model.keySet());
        for (var entry : model.entrySet()) {
            var into = ByteBuffer.allocate(entry.getKey().size());
            assertThat(store.read(entry.getKey(), 0, into).code()).isEqualTo(ResultCode.SUCCESS);
            assertThat(into.array()).isEqualTo(entry.getValue());
        }
    }

    private static void step(PlainStore store, TreeMap<ObjectId, byte[]> model, Step step, Stamp stamp) {
        ObjectId oid = step.oid();
        Optional<byte[]> there = Optional.ofNullable(model.get(oid));
        int at = step.offset();
        boolean valid = oid.isValid() && at >= 0 && at <= oid.size() && step.length() <= oid.size() - at;
        ResultCode ifAbsent = there.isPresent() ? ResultCode.SUCCESS : ResultCode.NO_OBJ;
        var data = new byte[step.length()];
        new SplittableRandom(step.seed()).nextBytes(data);
        ResultCode expected = valid ? ifAbsent : ResultCode.INVALID_PARMS;
        ResultCode code;
        switch (step.verb()) {
            case READ -> {
                var into = ByteBuffer.allocate(step.length());
                code = store.read(oid, at, into).code();
                if (valid && there.isPresent()) {
                    assertThat(into.array()).isEqualTo(Arrays.copyOfRange(there.get(), at, at + step.length()));
                }
            }
            case CREATE -> {
                code = store.create(oid, at, ByteBuffer.wrap(data), stamp).code();
                expected = valid ? ResultCode.SUCCESS : ResultCode.INVALID_PARMS;
                if (valid) {
                    System.arraycopy(data, 0, model.computeIfAbsent(oid, _ -> new byte[oid.size()]), at, data.length);
                }
            }
            case WRITE -> {
                code = store.write(oid, at, ByteBuffer.wrap(data), stamp).code();
                if (valid && there.isPresent()) {
                    System.arraycopy(data, 0, there.get(), at, data.length);
                }
            }
            case DISCARD -> {
                code = store.discard(oid, at, step.length(), stamp).code();
                if (valid && there.isPresent()) {
                    Arrays.fill(there.get(), at, at + step.length(), (byte) 0);
                }
            }
            case REMOVE -> {
                code = store.remove(oid, stamp).code();
                expected = oid.isValid() ? ifAbsent : ResultCode.INVALID_PARMS;
                model.remove(oid);
            }
            case RECOVERED_ABSENT -> {
                code = store.recovered(oid, Optional.empty(), Epoch.FIRST, stamp, false)
                        .code();
                expected = oid.isValid() ? ResultCode.SUCCESS : ResultCode.INVALID_PARMS;
                model.remove(oid);
            }
            case RECOVERED -> {
                var whole = new byte[oid.size()];
                new SplittableRandom(step.seed()).nextBytes(whole);
                code = store.recovered(oid, Optional.of(ByteBuffer.wrap(whole)), Epoch.FIRST, stamp, false)
                        .code();
                expected = oid.isValid() ? ResultCode.SUCCESS : ResultCode.INVALID_PARMS;
                if (oid.isValid()) {
                    model.put(oid, whole);
                }
            }
            case DROP -> {
                store.completed(VID, 1, stamp.sequence());
                code = store.drop(oid, Epoch.FIRST.next()).code();
                expected = oid.isValid() ? ifAbsent : ResultCode.INVALID_PARMS;
                model.remove(oid);
            }
            case FORGET -> {
                store.forgetRemovals(Epoch.FIRST);
                code = store.removedIn(oid).isPresent() ? ResultCode.VDI_EXIST : ResultCode.SUCCESS;
                expected = ResultCode.SUCCESS;
            }
            case FIND -> {
                code = store.find(oid).isPresent() ? ResultCode.SUCCESS : ResultCode.NO_OBJ;
                expected = ifAbsent;
            }
            case REOPEN -> throw new AssertionError();
            default -> throw new AssertionError();
        }
        assertThat(code).as("%s", step).isEqualTo(expected);
    }
}
