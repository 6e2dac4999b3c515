package sheepdog.collie.client;

import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Response;

/**
 * A sheep's answer.
 *
 * @param response decoded; a result without a name is UNKNOWN in it
 * @param result   the number of the result, as it came
 * @param epoch    the sheep's epoch
 */
public record Reply(Response response, int result, Epoch epoch) {
    public boolean isSuccess() {
        return is(ResultCode.SUCCESS);
    }

    public boolean is(ResultCode code) {
        return result == code.code();
    }

    /** The result as collie prints it. */
    public String resultText() {
        return ResultCode.of(result).map(ResultCode::text).orElse("Invalid error code");
    }
}
