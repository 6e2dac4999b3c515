package sheepdog.protocol.model;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Results that travel in replies (u32), with the text collie prints for them; wire-protocol numbers. */
public enum ResultCode {
    SUCCESS(0x00, "Success"),
    UNKNOWN(0x01, "Unknown error"),
    NO_OBJ(0x02, "No object found"),
    EIO(0x03, "I/O error"),
    VDI_EXIST(0x04, "VDI exists already"),
    INVALID_PARMS(0x05, "Invalid parameters"),
    SYSTEM_ERROR(0x06, "System error"),
    VDI_LOCKED(0x07, "VDI is already locked"),
    NO_VDI(0x08, "No VDI found"),
    NO_BASE_VDI(0x09, "No base VDI found"),
    VDI_READ(0x0a, "Failed to read from requested VDI"),
    VDI_WRITE(0x0b, "Failed to write to requested VDI"),
    BASE_VDI_READ(0x0c, "Failed to read from base VDI"),
    BASE_VDI_WRITE(0x0d, "Failed to write to base VDI"),
    NO_TAG(0x0e, "Failed to find requested tag"),
    STARTUP(0x0f, "System is still booting"),
    VDI_NOT_LOCKED(0x10, "VDI is not locked"),
    SHUTDOWN(0x11, "System is shutting down"),
    NO_MEM(0x12, "Out of memory on server"),
    FULL_VDI(0x13, "Maximum number of VDIs reached"),
    VER_MISMATCH(0x14, "Protocol version mismatch"),
    NO_SPACE(0x15, "Server has no space for new objects"),
    WAIT_FOR_FORMAT(0x16, "Waiting for cluster to be formatted"),
    WAIT_FOR_JOIN(0x17, "Waiting for other nodes to join cluster"),
    JOIN_FAILED(0x18, "Node has failed to join cluster"),
    HALT(0x19, "IO has halted as there are too few living nodes"),
    READONLY(0x1a, null),
    OLD_NODE_VER(0x81, "Remote node has an old epoch"),
    NEW_NODE_VER(0x82, "Remote node has a new epoch"),
    NOT_FORMATTED(0x83, "Cluster has not been formatted"),
    INVALID_CTIME(0x84, "Creation times differ"),
    INVALID_EPOCH(0x85, "Invalid epoch"),
    NETWORK_ERROR(0x86, null),
    NO_CACHE(0x87, null),
    BUFFER_SMALL(0x88, null),
    FORCE_RECOVER(0x89, "Cluster is running/halted and cannot be force recovered"),
    NO_STORE(0x8a, "Targeted backend store is not found"),
    NO_SUPPORT(0x8b, "Operation is not supported"),
    NODE_IN_RECOVERY(0x8c, "Targeted node is in recovery"),
    KILLED(0x8d, null),
    OID_EXIST(0x8e, null),
    AGAIN(0x8f, null),
    STALE_OBJ(0x90, null);

    private static final Map<Integer, ResultCode> BY_CODE = new HashMap<>();

    static {
        for (ResultCode result : values()) {
            BY_CODE.put(result.code, result);
        }
    }

    private final int code;
    private final String text;

    ResultCode(int code, String text) {
        this.code = code;
        this.text = text;
    }

    public int code() {
        return code;
    }

    /** What collie prints; {@code Invalid error code} where the original had no text. */
    public String text() {
        return text == null ? "Invalid error code" : text;
    }

    public static Optional<ResultCode> of(int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }
}
