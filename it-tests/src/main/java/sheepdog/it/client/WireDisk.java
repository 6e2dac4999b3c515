package sheepdog.it.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A VDI used over one connection, one request after another, as tgt does: writes into a hole make the object, then
 * change its slot in the inode. Requests stay within one object.
 */
public final class WireDisk {
    public static final int OBJECT_BYTES = 4 << 20;
    public static final int INODE_BYTES = 4_198_968;
    public static final int INDEX_OFFSET = 4664;

    private final WireClient client;
    private final int vid;
    private final int version;
    private final int[] slots;

    private WireDisk(WireClient client, int vid, int version, int objects) {
        this.client = client;
        this.vid = vid;
        this.version = version;
        slots = new int[objects];
    }

    /** Makes a VDI of {@code objects} objects and opens it. */
    public static WireDisk create(WireClient client, String name, int objects, int version) throws IOException {
        check(client.call(
                RawRequest.newVdi(name, (long) objects * OBJECT_BYTES, 0).version(version)));
        return open(client, name, objects, version);
    }

    /** Opens a VDI of {@code objects} objects, and reads its inode as clients do. */
    public static WireDisk open(WireClient client, String name, int objects, int version) throws IOException {
        RawReply found = check(client.call(RawRequest.of(RawRequest.LOCK_VDI)
                .payload(Arrays.copyOf(RawRequest.name(name), 512))
                .version(version)));
        var disk = new WireDisk(client, found.vid(), version, objects);
        byte[] inode = disk.readObject(inodeOid(found.vid()), 0, INODE_BYTES);
        var index = ByteBuffer.wrap(inode).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < objects; i++) {
            disk.slots[i] = index.getInt(INDEX_OFFSET + 4 * i);
        }
        return disk;
    }

    public static long inodeOid(int vid) {
        return 1L << 63 | (long) vid << 32;
    }

    public static long dataOid(int vid, int index) {
        return (long) vid << 32 | index;
    }

    public int vid() {
        return vid;
    }

    /** The vid that holds object {@code index}, as this client last knew it. */
    public int slot(int index) {
        return slots[index];
    }

    /** Writes and waits until it is acknowledged. */
    public void write(long offset, byte[] data) throws IOException {
        int index = Math.toIntExact(offset / OBJECT_BYTES);
        int within = (int) (offset % OBJECT_BYTES);
        if (slots[index] == vid) {
            check(client.call(
                    RawRequest.write(dataOid(vid, index), within, data).version(version)));
            return;
        }
        RawRequest create = RawRequest.create(dataOid(vid, index), within, data).version(version);
        if (slots[index] != 0) {
            create.addFlags(RawRequest.COW).put64(24, dataOid(slots[index], index));
        }
        check(client.call(create));
        setSlot(index, vid);
    }

    /** Reads what is there; holes are zeros, without a request. */
    public byte[] read(long offset, int length) throws IOException {
        int index = Math.toIntExact(offset / OBJECT_BYTES);
        if (slots[index] == 0) {
            return new byte[length];
        }
        return readObject(dataOid(slots[index], index), offset % OBJECT_BYTES, length);
    }

    /** Changes a slot of the inode, as after an allocating write, or to 0 as late clients discard. */
    public void setSlot(int index, int holder) throws IOException {
        byte[] slot = new byte[4];
        ByteBuffer.wrap(slot).order(ByteOrder.LITTLE_ENDIAN).putInt(holder);
        check(client.call(
                RawRequest.write(inodeOid(vid), INDEX_OFFSET + 4L * index, slot).version(version)));
        slots[index] = holder;
    }

    /** Reads of an object, whole, whatever zeros the sheep left out. */
    public byte[] readObject(long oid, long offset, int length) throws IOException {
        return check(client.call(RawRequest.read(oid, offset, length).version(version)))
                .whole(length);
    }

    private static RawReply check(RawReply reply) throws IOException {
        if (reply.result() != RawReply.SUCCESS) {
            throw new RefusedException(reply);
        }
        return reply;
    }
}
