package sheepdog.sheep.admin;

/**
 * How a sheep is, as {@code /health} tells it.
 *
 * @param serving whether clients' reads and writes are carried out now
 * @param status  the cluster's status in one word
 * @param epoch   current one, unsigned; 0 before a format
 * @param nodes   of the current epoch
 */
public record Health(boolean serving, String status, long epoch, int nodes) {
    String json() {
        return "{\"serving\": " + serving + ", \"status\": \"" + status + "\", \"epoch\": " + epoch + ", \"nodes\": "
                + nodes + "}\n";
    }
}
