package sheepdog.membership.consensus;

/** Bytes from a disk or another sheep that are not what they should be. Nothing of them was used. */
public final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MalformedException(String message) {
        super(message);
    }
}
