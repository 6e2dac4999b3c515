package sheepdog.sheep.cluster;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;

/**
 * Commands as bytes of log entries: a version byte, a type byte, the fields in order, big endian; strings as a 16-bit
 * length and bytes. An entry of a later version or of an unknown type is refused: a sheep that cannot understand what
 * the cluster decided must not guess.
 */
public final class CommandCodec {
    static final int VERSION = 1;

    private CommandCodec() {}

    public static byte[] encode(ClusterCommand command) {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        try {
            out.writeByte(VERSION);
            switch (command) {
                case ClusterCommand.Format c -> {
                    out.writeByte(1);
                    out.writeLong(c.ctime());
                    out.writeInt(c.copies());
                    out.writeInt(c.flags());
                    writeString(out, c.store());
                }
                case ClusterCommand.Shutdown _ -> out.writeByte(2);
                case ClusterCommand.Barrier _ -> out.writeByte(3);
                case ClusterCommand.ReserveVdi c -> {
                    out.writeByte(4);
                    writeString(out, c.name());
                    out.writeInt(c.base().value());
                    out.writeBoolean(c.snapshot());
                    out.writeInt(c.copies());
                    out.writeLong(c.createTime());
                    out.writeLong(c.storeId());
                    out.writeLong(c.incarnation());
                }
                case ClusterCommand.CommitVdi c -> {
                    out.writeByte(5);
                    out.writeInt(c.vid().value());
                    out.writeLong(c.createTime());
                    out.writeLong(c.generation());
                    writeString(out, c.snapshotTag());
                }
                case ClusterCommand.AbortVdi c -> {
                    out.writeByte(6);
                    out.writeInt(c.vid().value());
                    out.writeLong(c.createTime());
                }
                case ClusterCommand.DeleteVdi c -> {
                    out.writeByte(7);
                    writeString(out, c.name());
                    writeString(out, c.tag());
                    out.writeInt(c.snapId());
                }
                case ClusterCommand.ReclaimedVdi c -> {
                    out.writeByte(8);
                    out.writeInt(c.vid().value());
                    out.writeLong(c.createTime());
                }
                case ClusterCommand.TakeOwner c -> {
                    out.writeByte(9);
                    out.writeInt(c.vid().value());
                    out.writeLong(c.storeId());
                    out.writeLong(c.incarnation());
                    out.writeLong(c.generation());
                }
                case ClusterCommand.ReleaseOwner c -> {
                    out.writeByte(10);
                    out.writeInt(c.vid().value());
                    out.writeLong(c.generation());
                }
                case ClusterCommand.SettledVdi c -> {
                    out.writeByte(11);
                    out.writeInt(c.vid().value());
                    out.writeLong(c.generation());
                }
                case ClusterCommand.RecoveredStore c -> {
                    out.writeByte(12);
                    out.writeLong(c.storeId());
                    out.writeInt(c.epoch().number());
                    out.writeInt(c.copies());
                }
                case ClusterCommand.DrainStore c -> {
                    out.writeByte(21);
                    out.writeLong(c.storeId());
                    out.writeBoolean(c.fewer());
                }
                case ClusterCommand.FillStore c -> {
                    out.writeByte(22);
                    out.writeLong(c.storeId());
                }
                case ClusterCommand.SetRecovery c -> {
                    out.writeByte(14);
                    out.writeBoolean(c.enabled());
                }
                case ClusterCommand.LostObjects c -> {
                    out.writeByte(15);
                    out.writeInt(c.epoch().number());
                    out.writeInt(c.oids().size());
                    for (ObjectId oid : c.oids()) {
                        out.writeLong(oid.bits());
                    }
                }
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /** @throws UnknownCommandException if this sheep is too old for the entry, or the entry is damaged */
    public static ClusterCommand decode(byte[] bytes) {
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new UnknownCommandException("log entry of version " + version + ", this sheep knows " + VERSION);
            }
            int type = in.readUnsignedByte();
            ClusterCommand command = switch (type) {
                case 1 -> new ClusterCommand.Format(in.readLong(), in.readInt(), in.readInt(), readString(in));
                case 2 -> new ClusterCommand.Shutdown();
                case 3 -> new ClusterCommand.Barrier();
                case 4 ->
                    new ClusterCommand.ReserveVdi(
                            readString(in),
                            readVid(in),
                            in.readBoolean(),
                            in.readInt(),
                            in.readLong(),
                            in.readLong(),
                            in.readLong());
                case 5 -> new ClusterCommand.CommitVdi(readVid(in), in.readLong(), in.readLong(), readString(in));
                case 6 -> new ClusterCommand.AbortVdi(readVid(in), in.readLong());
                case 7 -> new ClusterCommand.DeleteVdi(readString(in), readString(in), in.readInt());
                case 8 -> new ClusterCommand.ReclaimedVdi(readVid(in), in.readLong());
                case 9 -> new ClusterCommand.TakeOwner(readVid(in), in.readLong(), in.readLong(), in.readLong());
                case 10 -> new ClusterCommand.ReleaseOwner(readVid(in), in.readLong());
                case 11 -> new ClusterCommand.SettledVdi(readVid(in), in.readLong());
                case 12 -> new ClusterCommand.RecoveredStore(in.readLong(), new Epoch(in.readInt()), in.readInt());
                case 21 -> new ClusterCommand.DrainStore(in.readLong(), in.readBoolean());
                case 22 -> new ClusterCommand.FillStore(in.readLong());
                case 14 -> new ClusterCommand.SetRecovery(in.readBoolean());
                case 15 -> new ClusterCommand.LostObjects(new Epoch(in.readInt()), readOids(in));
                default -> throw new UnknownCommandException("log entry of type " + type + ", unknown to this sheep");
            };
            if (in.read() >= 0) {
                throw new UnknownCommandException("log entry of type " + type + " with bytes behind it");
            }
            return command;
        } catch (IOException cut) {
            throw new UnknownCommandException("damaged log entry of " + bytes.length + " bytes");
        }
    }

    private static List<ObjectId> readOids(DataInputStream in) throws IOException {
        var oids = new ArrayList<ObjectId>();
        for (int left = in.readInt(); left > 0; left--) {
            oids.add(new ObjectId(in.readLong()));
        }
        return oids;
    }

    private static Vid readVid(DataInputStream in) throws IOException {
        int vid = in.readInt();
        if (vid < 0 || Vid.COUNT <= vid) {
            throw new UnknownCommandException("log entry about vdi " + Integer.toHexString(vid));
        }
        return new Vid(vid);
    }

    static void writeString(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        out.writeShort(bytes.length);
        out.write(bytes);
    }

    static String readString(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readUnsignedShort()];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** The cluster decided something that this program does not know: it must be upgraded. */
    public static final class UnknownCommandException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnknownCommandException(String message) {
            super(message);
        }
    }
}
