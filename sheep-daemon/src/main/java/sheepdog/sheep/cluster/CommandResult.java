package sheepdog.sheep.cluster;

import java.nio.ByteBuffer;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;

/**
 * What a command came to, as its proposer learns it.
 *
 * @param vid    the VDI it was about; NONE if none
 * @param other  a second VDI: of a reservation the one that becomes a snapshot, NONE if none
 * @param number snapshot id of a reserved VDI, or generation of a new owner
 * @param copies of a reserved VDI; or 1 if a new owner has to settle first
 */
public record CommandResult(ResultCode code, Vid vid, Vid other, long number, int copies) {
    static CommandResult of(ResultCode code) {
        return new CommandResult(code, Vid.NONE, Vid.NONE, 0, 0);
    }

    static CommandResult of(ResultCode code, Vid vid) {
        return new CommandResult(code, vid, Vid.NONE, 0, 0);
    }

    byte[] encode() {
        return ByteBuffer.allocate(24)
                .putInt(code.code())
                .putInt(vid.value())
                .putInt(other.value())
                .putLong(number)
                .putInt(copies)
                .array();
    }

    static CommandResult decode(byte[] bytes) {
        var in = ByteBuffer.wrap(bytes);
        return new CommandResult(
                ResultCode.of(in.getInt()).orElseThrow(),
                new Vid(in.getInt()),
                new Vid(in.getInt()),
                in.getLong(),
                in.getInt());
    }
}
