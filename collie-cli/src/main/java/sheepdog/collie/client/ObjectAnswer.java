package sheepdog.collie.client;

import java.util.List;
import sheepdog.protocol.model.ResultCode;

/**
 * How a read or a write of an object went.
 *
 * @param result number of the result; EIO if there was no answer
 * @param lines  what to print on stderr about it; empty if it went well
 */
public record ObjectAnswer(int result, List<String> lines) {
    public ObjectAnswer {
        lines = List.copyOf(lines);
    }

    public boolean isSuccess() {
        return is(ResultCode.SUCCESS);
    }

    public boolean is(ResultCode code) {
        return result == code.code();
    }
}
