package sheepdog.protocol.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeIdTest {
    /** Expected texts are those of the C library's {@code inet_ntop} for the same 16 bytes, but for IPv4. */
    @ParameterizedTest
    @CsvSource({
        "0000000000000000000000007f000001, 127.0.0.1",
        "000000000000000000000000ac100393, 172.16.3.147",
        "20010db8000000000000000000000001, 2001:db8::1",
        "20010db80000000100000000000000ff, 2001:db8:0:1::ff",
        "20010db8000000010002000300040005, 2001:db8:0:1:2:3:4:5",
        "00010002000000000005000000000008, 1:2::5:0:0:8",
        "fe80000000000000020000fffe000001, fe80::200:ff:fe00:1",
        "00000000000000000000000000000001, ::1",
        "00000000000000000000000000000000, ::",
        "fe800000000000000000000000000000, fe80::",
        "00000000000000000000ffff0a000001, ::ffff:10.0.0.1",
        "00000000000000000000000000050102, ::0.5.1.2",
        "00000000000000000001000200030004, ::1:2:3:4",
    })
    void addressesAreWrittenAsTheCLibraryDoes(String bytes, String host) {
        var node = new NodeId(HexFormat.of().parseHex(bytes), 7000);

        assertThat(node.host()).isEqualTo(host);
        assertThat(node).hasToString(host + ":7000");
    }
}
