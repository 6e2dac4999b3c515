package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;

/** Structures inside of payloads. */
class StructureProperties {
    @Property
    void nodesSurviveTheRoundTrip(@ForAll @Size(max = 20) List<Long> seeds) {
        List<Node> nodes = seeds.stream().map(StructureProperties::node).toList();

        assertThat(NodeCodec.readAll(NodeCodec.encode(nodes).bytes())).isEqualTo(nodes);
    }

    @Property
    void epochsSurviveTheRoundTrip(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = 3) int count, @ForAll @Size(max = 5) List<Long> seeds) {
        var random = new SplittableRandom(seed);
        List<EpochLogEntry> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            entries.add(new EpochLogEntry(
                    random.nextLong(),
                    random.nextLong(),
                    new Epoch(random.nextInt()),
                    random.nextInt(),
                    seeds.stream().map(StructureProperties::node).toList()));
        }

        assertThat(EpochLogEntry.readAll(EpochLogEntry.encode(entries).bytes())).isEqualTo(entries);
    }

    @Property
    void copiesSurviveTheRoundTrip(@ForAll @Size(max = 20) List<Integer> vids, @ForAll int copies) {
        List<VdiCopies> all =
                vids.stream().map(vid -> new VdiCopies(vid, copies)).toList();

        assertThat(VdiCopies.readAll(VdiCopies.encode(all).bytes())).isEqualTo(all);
    }

    @Property
    void snapshotLogsSurviveTheRoundTrip(@ForAll @Size(max = 20) List<Integer> numbers, @ForAll long time) {
        List<SnapLogEntry> entries = numbers.stream()
                .map(n -> new SnapLogEntry(n, time, "%08x".formatted(n) + "0123456789abcdef".repeat(2)))
                .toList();

        assertThat(SnapLogEntry.readAll(SnapLogEntry.encode(entries).bytes())).isEqualTo(entries);
    }

    @Property(tries = 200)
    void disksSurviveTheRoundTrip(@ForAll @Size(max = 64) List<Integer> numbers, @ForAll long free) {
        List<DiskInfo> disks = numbers.stream()
                .map(n -> new DiskInfo(n, free, n, "/disk/" + n + "ä"))
                .toList();

        assertThat(DiskInfo.readAll(DiskInfo.encode(disks).bytes())).contains(disks);
    }

    @Property
    void inodeHeadersSurviveTheRoundTrip(
            @ForAll long seed, @ForAll @Size(max = 1024) List<@IntRange(min = 1) Integer> children) {
        InodeHeader header = inodeHeader(seed, children);

        assertThat(InodeHeader.read(header.encode())).isEqualTo(header);
    }

    @Property
    void anyBytesAreAnInodeHeader(@ForAll long seed) {
        byte[] bytes = new byte[InodeHeader.BYTES];
        new SplittableRandom(seed).nextBytes(bytes);

        InodeHeader header = InodeHeader.read(ByteBuffer.wrap(bytes));

        assertThat(InodeHeader.read(header.encode())).isEqualTo(header);
    }

    @Property(tries = 300)
    void attributesSurviveTheRoundTrip(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = Attribute.VALUE_BYTES_MAX) int length) {
        var random = new SplittableRandom(seed);
        byte[] value = new byte[length];
        random.nextBytes(value);
        var attribute = new Attribute(
                name(random), name(random), random.nextLong(), random.nextInt(), name(random), ByteBuffer.wrap(value));

        assertThat(Attribute.read(attribute.encode().bytes())).contains(attribute);
    }

    @Property(tries = 500)
    void garbageIsReadOrRefusedWithoutAFault(@ForAll long seed, @ForAll @IntRange(min = 0, max = 70_000) int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        ByteBuffer garbage = ByteBuffer.wrap(bytes);

        assertThat(NodeCodec.readAll(garbage)).hasSize(length / NodeCodec.BYTES);
        assertThat(VdiCopies.readAll(garbage)).hasSize(length / VdiCopies.BYTES);
        assertThat(SnapLogEntry.readAll(garbage)).hasSize(length / SnapLogEntry.BYTES);
        assertThat(EpochLogEntry.readAll(garbage)).hasSizeLessThanOrEqualTo(1);
        assertThat(DiskInfo.readAll(garbage)).isEmpty();
        if (length != ObjectId.ATTR_BYTES) {
            assertThat(Attribute.read(garbage)).isEmpty();
        }
        assertThat(garbage.position()).isZero();
    }

    @Property
    void aViewShowsAndChangesTheSlotsThatItHolds(
            @ForAll @IntRange(min = 0, max = 6000) int offset,
            @ForAll @IntRange(min = 0, max = 3000) int length,
            @ForAll @IntRange(min = 0, max = 1200) int index,
            @ForAll @IntRange(min = 0, max = Vid.COUNT - 1) int vid) {
        byte[] image = new byte[16_384];
        new SplittableRandom(offset).nextBytes(image);
        byte[] before = image.clone();
        Inode view = Inode.of(ByteBuffer.wrap(image, offset, length), offset);
        int place = 4664 + 4 * index;

        assertThat(view.hasSlot(index)).isEqualTo(offset <= place && place + 4 <= offset + length);
        if (view.hasSlot(index)) {
            assertThat(view.slot(index))
                    .isEqualTo(Inode.of(ByteBuffer.wrap(before)).slot(index));
            view.setSlot(index, new Vid(vid));
            ByteBuffer.wrap(before).order(ByteOrder.LITTLE_ENDIAN).putInt(place, vid);
        }

        assertThat(image).isEqualTo(before);
    }

    @Property
    void anOverlayReplacesWhatLiesInTheViewAndNothingElse(
            @ForAll @IntRange(min = 0, max = 600) int offset,
            @ForAll @IntRange(min = 0, max = 600) int length,
            @ForAll @IntRange(min = 0, max = 600) int fieldOffset,
            @ForAll @IntRange(min = 0, max = 600) int fieldLength) {
        byte[] image = new byte[2000];
        byte[] expected = image.clone();
        byte[] field = new byte[fieldLength];
        for (int i = 0; i < fieldLength; i++) {
            field[i] = (byte) (i % 100 + 1);
            int at = fieldOffset + i;
            if (offset <= at && at < offset + length) {
                expected[at] = field[i];
            }
        }

        Inode.of(ByteBuffer.wrap(image, offset, length), offset).overlay(fieldOffset, ByteBuffer.wrap(field));

        assertThat(image).isEqualTo(expected);
    }

    private static InodeHeader inodeHeader(long seed, List<Integer> children) {
        var random = new SplittableRandom(seed);
        return new InodeHeader(
                name(random),
                name(random),
                random.nextLong(),
                random.nextLong(),
                random.nextLong(),
                random.nextLong(),
                random.nextLong(),
                random.nextInt(256),
                random.nextInt(256),
                random.nextInt(256),
                random.nextInt(256),
                random.nextInt(),
                random.nextInt(),
                random.nextInt(),
                children);
    }

    private static Node node(long seed) {
        var random = new SplittableRandom(seed);
        byte[] address = new byte[16];
        random.nextBytes(address);
        Optional<NodeId> io =
                random.nextBoolean() ? Optional.of(new NodeId(address, random.nextInt(1, 1 << 16))) : Optional.empty();
        random.nextBytes(address);
        return new Node(
                new NodeId(address, random.nextInt(1 << 16)),
                io,
                random.nextInt(1 << 16),
                random.nextInt(),
                random.nextLong());
    }

    private static VdiName name(SplittableRandom random) {
        return new VdiName("\u00e4x".repeat(random.nextInt(129)));
    }
}
