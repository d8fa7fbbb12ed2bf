<?php

/*
 * Drives pusher/pusher-php-server, majors 4 to 7, for a test that speaks to this process.
 *
 * One JSON request per line on stdin:   {"id":1,"call":"trigger","args":{…},"options":{…}}
 * One JSON answer per line on stdout:   {"id":1,"ok":true,"result":…}
 *                                  or   {"id":1,"ok":false,"error":{"class":"…","message":"…","status":401}}
 *
 * "options": {"appId","key","secret","host","port","scheme","path"?,"encryptionMasterKeyBase64"?}
 * Everything else that PHP or the library prints, deprecation notices first, goes to stderr.
 */

declare(strict_types=1);

use Pusher\Pusher;

ini_set('display_errors', 'stderr');
ini_set('html_errors', '0');
error_reporting(E_ALL);
ob_start(static function (string $printed): string {
    fwrite(STDERR, $printed);

    return '';
}, 1);

/** A call that this major of the library does not have. */
final class NotSupported extends RuntimeException
{
}

/** The library of major 4 answers false, or an array with the status, where later ones throw. */
final class RequestFailed extends RuntimeException
{
}

$vendor = getenv('PUSHER_PHP_VENDOR');
if ($vendor === false || ! is_file("$vendor/autoload.php")) {
    fwrite(STDERR, "PUSHER_PHP_VENDOR must name a Composer vendor directory with pusher/pusher-php-server\n");
    exit(2);
}
require "$vendor/autoload.php";

final class Driver
{
    private readonly int $major;

    /** @var array<string, Pusher> */
    private array $clients = [];

    /** @var array{status?: int, body?: mixed} What the last request of major 4 was answered. */
    private array $lastResponse = [];

    public function __construct()
    {
        $this->major = (int) Pusher::$VERSION;
    }

    /** @return array<string, callable(Pusher, stdClass): mixed> */
    private function calls(): array
    {
        return [
            'version' => fn () => [
                'major' => $this->major,
                'version' => Pusher::$VERSION,
                'php' => PHP_VERSION,
                'calls' => $this->supportedCalls(),
            ],
            'trigger' => $this->trigger(...),
            'triggerBatch' => $this->triggerBatch(...),
            'authorizeChannel' => fn (Pusher $pusher, stdClass $args) => $this->invoke(
                $pusher,
                ['authorizeChannel', 'socketAuth', 'socket_auth'],
                [$args->channel, $args->socketId, $args->customData ?? null],
            ),
            'authorizePresenceChannel' => fn (Pusher $pusher, stdClass $args) => $this->invoke(
                $pusher,
                ['authorizePresenceChannel', 'presenceAuth', 'presence_auth'],
                [$args->channel, $args->socketId, $args->userId, $args->userInfo ?? null],
            ),
            'authenticateUser' => fn (Pusher $pusher, stdClass $args) => $this->invoke(
                $pusher,
                ['authenticateUser'],
                [$args->socketId, (array) $args->userData],
            ),
            'sendToUser' => fn (Pusher $pusher, stdClass $args) => $this->invoke(
                $pusher,
                ['sendToUser'],
                [$args->userId, $args->event, $args->data],
            ),
            'terminateUserConnections' => fn (Pusher $pusher, stdClass $args) => $this->invoke(
                $pusher,
                ['terminateUserConnections'],
                [$args->userId],
            ),
            'getChannels' => fn (Pusher $pusher, stdClass $args) => $this->query(
                $pusher,
                ['getChannels', 'get_channels'],
                [(array) ($args->params ?? [])],
            ),
            'getChannelInfo' => fn (Pusher $pusher, stdClass $args) => $this->query(
                $pusher,
                ['getChannelInfo', 'get_channel_info'],
                [$args->channel, (array) ($args->params ?? [])],
            ),
            'getPresenceUsers' => fn (Pusher $pusher, stdClass $args) => $this->query(
                $pusher,
                ['getPresenceUsers', 'get_users_info'],
                [$args->channel],
            ),
            'webhook' => $this->webhook(...),
        ];
    }

    /** @return list<string> Calls of this driver that the installed library can do. */
    private function supportedCalls(): array
    {
        $newer = array_filter(
            ['authenticateUser', 'sendToUser', 'terminateUserConnections'],
            static fn (string $method) => ! method_exists(Pusher::class, $method),
        );

        return array_values(array_diff(array_keys($this->calls()), $newer));
    }

    public function handle(stdClass $request): mixed
    {
        $call = $this->calls()[$request->call]
            ?? throw new InvalidArgumentException("Unknown call [{$request->call}].");

        return $call($this->client($request->options), $request->args ?? new stdClass());
    }

    private function client(stdClass $options): Pusher
    {
        $key = json_encode($options, JSON_THROW_ON_ERROR);

        return $this->clients[$key] ??= $this->connect($options);
    }

    private function connect(stdClass $options): Pusher
    {
        $settings = [
            'host' => $options->host,
            'port' => $options->port,
            'scheme' => $options->scheme,
            'useTLS' => $options->scheme === 'https',
            'timeout' => 10,
        ];
        if (isset($options->path)) {
            $settings['path'] = $options->path;
        }
        if (isset($options->encryptionMasterKeyBase64)) {
            $settings['encryption_master_key_base64'] = $options->encryptionMasterKeyBase64;
        }
        $pusher = new Pusher($options->key, $options->secret, $options->appId, $settings);
        if ($this->major < 5) {
            $pusher->setLogger($this->responseLogger());
        }

        return $pusher;
    }

    private function trigger(Pusher $pusher, stdClass $args): mixed
    {
        $params = (array) ($args->params ?? []);
        $alreadyEncoded = $args->alreadyEncoded ?? false;
        if ($this->major >= 5) {
            return $pusher->trigger($args->channels, $args->event, $args->data, $params, $alreadyEncoded);
        }
        if (isset($params['info'])) {
            throw $this->notSupported('trigger with info');
        }
        $socketId = $params['socket_id'] ?? null;

        return $this->body($pusher->trigger($args->channels, $args->event, $args->data, $socketId, true, $alreadyEncoded));
    }

    private function triggerBatch(Pusher $pusher, stdClass $args): mixed
    {
        $batch = array_map(static fn (stdClass $event) => (array) $event, $args->batch);
        $alreadyEncoded = $args->alreadyEncoded ?? false;
        if ($this->major >= 5) {
            return $pusher->triggerBatch($batch, $alreadyEncoded);
        }

        return $this->body($pusher->triggerBatch($batch, true, $alreadyEncoded));
    }

    /** @return array{timeMs: mixed, events: mixed} */
    private function webhook(Pusher $pusher, stdClass $args): array
    {
        $webhook = $pusher->webhook((array) $args->headers, $args->body);

        return ['timeMs' => $webhook->get_time_ms(), 'events' => $webhook->get_events()];
    }

    /**
     * Calls the first of these methods that the library has.
     *
     * @param list<string> $methods Newest name first.
     * @param list<mixed> $args
     */
    private function invoke(Pusher $pusher, array $methods, array $args): mixed
    {
        foreach ($methods as $method) {
            if (method_exists($pusher, $method)) {
                return $pusher->$method(...$args);
            }
        }

        throw $this->notSupported($methods[0]);
    }

    /**
     * @param list<string> $methods
     * @param list<mixed> $args
     */
    private function query(Pusher $pusher, array $methods, array $args): mixed
    {
        $this->lastResponse = [];
        $result = $this->invoke($pusher, $methods, $args);
        if ($result !== false) {
            return $result;
        }

        throw $this->requestFailed($this->lastResponse);
    }

    /** What the later majors answer: the decoded body of a 200. */
    private function body(mixed $response): mixed
    {
        if (is_array($response) && ($response['status'] ?? 0) === 200) {
            return json_decode($response['body'], false, 512, JSON_THROW_ON_ERROR);
        }

        throw $this->requestFailed(is_array($response) ? $response : []);
    }

    /** @param array{status?: int, body?: mixed} $response */
    private function requestFailed(array $response): RequestFailed
    {
        $body = $response['body'] ?? null;

        return new RequestFailed(is_string($body) ? $body : 'no answer', $response['status'] ?? 0);
    }

    private function notSupported(string $what): NotSupported
    {
        return new NotSupported("$what: not supported by SDK major {$this->major}");
    }

    /** Major 4 tells the status of a failed query to its logger only. */
    private function responseLogger(): Psr\Log\LoggerInterface
    {
        return new class (function (array $response): void {
            $this->lastResponse = $response;
        }) extends Psr\Log\AbstractLogger {
            public function __construct(private readonly Closure $remember)
            {
            }

            public function log($level, $message, array $context = []): void
            {
                if (isset($context['status'])) {
                    ($this->remember)($context);
                }
            }
        };
    }
}

$driver = new Driver();
while (($line = fgets(STDIN)) !== false) {
    $request = null;
    try {
        $request = json_decode($line, false, 512, JSON_THROW_ON_ERROR);
        $answer = ['ok' => true, 'result' => $driver->handle($request)];
    } catch (Throwable $error) {
        $answer = ['ok' => false, 'error' => [
            'class' => $error::class,
            'message' => $error->getMessage(),
            'status' => $error->getCode() ?: null,
        ]];
    }
    $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION
        | JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR;
    fwrite(STDOUT, json_encode(['id' => $request->id ?? null] + $answer, $flags)."\n");
}
