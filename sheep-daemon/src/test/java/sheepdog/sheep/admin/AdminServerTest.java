package sheepdog.sheep.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;
import sheepdog.sheep.metrics.SheepMetrics;
import sheepdog.sheep.runtime.real.RealLoop;
import sheepdog.sheep.runtime.real.TurnObserver;

@Timeout(60)
class AdminServerTest {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final RealLoop loop = new RealLoop(1, _ -> {}, TurnObserver.NONE);
    private Health health = new Health(true, "running", 7, 3);
    private final AdminServer server = new AdminServer(registry, loop, () -> health);
    private InetSocketAddress address;

    @BeforeEach
    void listen() throws IOException {
        loop.start();
        address = server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @AfterEach
    void close() {
        server.close();
        loop.close();
    }

    @Test
    void metricsAreInPrometheusForm() throws IOException {
        new SheepMetrics(registry).answered(Opcode.READ_OBJ.code(), ResultCode.SUCCESS, 2_000_000_000L);

        String answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");

        assertThat(answer)
                .startsWith("HTTP/1.1 200 OK\r\n")
                .contains("\nsheep_request_seconds_sum{op=\"read_obj\",result=\"success\"} 2.0\n");
    }

    @Test
    void healthIsOkWhileTheSheepServes() throws IOException {
        String answer = ask("GET /health HTTP/1.0\r\n\r\n");

        assertThat(answer)
                .startsWith("HTTP/1.1 200 OK\r\n")
                .endsWith("{\"serving\": true, \"status\": \"running\", \"epoch\": 7, \"nodes\": 3}\n");
    }

    @Test
    void healthIsUnavailableWhileItDoesNot() throws IOException {
        health = new Health(false, "wait_for_format", 0, 0);

        assertThat(ask("GET /health HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 503 ");
    }

    @Test
    void otherPathsAndMethodsAndGarbageAreRefused() throws IOException {
        assertThat(ask("GET / HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 404 ");
        assertThat(ask("POST /metrics HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 405 ");
        assertThat(ask("\u0000\u0001garbage\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(ask("POST /metrics HTTP/1.1\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n"))
                .startsWith("HTTP/1.1 413 ");
        assertThat(ask("HEAD /metrics HTTP/1.0\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ")
                .endsWith("\r\n\r\n");
    }

    @Test
    void aPortInUseIsSaidSo() {
        assertThatThrownBy(() -> server.listen(address))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot serve metrics on")
                .hasMessageContaining("Address already in use");
    }

    private String ask(String request) throws IOException {
        try (var socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
