package sheepdog.protocol.wire;

/** Bits of a request header's flags; unknown ones are ignored. */
public final class Flags {
    /** A payload follows the header. */
    public static final int WRITE = 0x0001;
    /** A create takes what it does not write itself from another object. */
    public static final int COW = 0x0002;
    /** The object cache may hold the write back. */
    public static final int CACHE = 0x0004;
    /** In MAKE_FS, where it has the same bit as {@link #CACHE}: never stop for too few zones. */
    public static final int NOHALT = 0x0004;
    /** Past the object cache. */
    public static final int DIRECT = 0x0008;
    /** In MAKE_FS, where it has the same bit as {@link #DIRECT}: stop only below half of the copies. */
    public static final int QUORUM = 0x0008;
    /**
     * In MAKE_FS, where it has the same bit as {@link #PIGGYBACK}, and ours: stop as soon as there are fewer zones than
     * copies. Without any of the three the cluster goes on with the zones it has.
     */
    public static final int STRICT = 0x0010;
    /** Later clients: there is a payload, and one is wanted back. */
    public static final int PIGGYBACK = 0x0010;
    /** Later clients: the request comes from tgt. */
    public static final int TGT = 0x0020;
    /** Between sheep, and ours: who is in doubt of its copy says so, and does not get another one first. */
    public static final int NO_WAIT = 0x0040;
    /** A read by recovery. */
    public static final int RECOVERY = 0x0080;
    /** Attributes: make it. */
    public static final int CREAT = 0x0100;
    /** Attributes: it must not be there. */
    public static final int EXCL = 0x0200;
    /** Attributes: delete it. */
    public static final int DEL = 0x0400;

    private Flags() {}
}
