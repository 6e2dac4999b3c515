package sheepdog.sheep.cluster;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import sheepdog.protocol.wire.Flags;

/**
 * What the cluster was formatted as.
 *
 * @param ctime  names this instance of the cluster: seconds and nanoseconds as the wire packs them; 0 before a format
 * @param copies default number of copies
 * @param flags  of the request, as stored and compared by the original: {@link Flags} of MAKE_FS
 * @param store  name of the backend
 * @param index  of the log entry that formatted it
 */
public record ClusterFormat(long ctime, int copies, int flags, String store, long index) {
    static final ClusterFormat NONE = new ClusterFormat(0, 0, 0, "", 0);

    public boolean isFormatted() {
        return copies != 0;
    }

    /** Whether I/O halts with {@code zones} zones alive, the largest number of copies being {@code copiesMax}. */
    boolean halts(int zones, int copiesMax) {
        if ((flags & Flags.STRICT) != 0) {
            return zones < copiesMax;
        }
        return (flags & Flags.QUORUM) != 0 && zones <= copiesMax / 2;
    }

    void write(DataOutputStream out) throws IOException {
        out.writeLong(ctime);
        out.writeInt(copies);
        out.writeInt(flags);
        CommandCodec.writeString(out, store);
        out.writeLong(index);
    }

    static ClusterFormat read(DataInputStream in) throws IOException {
        return new ClusterFormat(in.readLong(), in.readInt(), in.readInt(), CommandCodec.readString(in), in.readLong());
    }
}
