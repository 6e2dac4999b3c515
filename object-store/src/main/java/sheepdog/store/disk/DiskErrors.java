package sheepdog.store.disk;

import java.io.IOException;
import sheepdog.protocol.model.ResultCode;

/** The one place where failures of disks become result codes. */
public final class DiskErrors {
    private DiskErrors() {}

    /** {@code NO_SPACE} for a full disk or quota, {@code EIO} for everything else. */
    public static ResultCode code(IOException failure) {
        return failure instanceof DiskException disk && disk.kind() == DiskException.Kind.NO_SPACE
                ? ResultCode.NO_SPACE
                : ResultCode.EIO;
    }
}
